/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Names of hypervisors for people. Decisions are made by the signature (struct cpu_identity).
 */
#include <ashlar/types.h>

/**
 * hypervisor_name() - the name of the hypervisor that a signature stands for.
 * @signature: up to 12 characters, without NULs at the end, as cpu_identify() reads it.
 *
 * Return: a constant; NULL for an unknown signature.
 * Context: any.
 */
const char *hypervisor_name(const char *signature);
