/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The audit of the kernel's page tables: W+X, free memory, a writable alias of the kernel's code.
 */
#include <ashlar/mm/audit.h>

/**
 * address_space_audit() - audit_tree() of the kernel's address space, by the rules of this kernel.
 * @report, @context: as for audit_tree().
 *
 * Return: as audit_tree().
 * Context: as audit_tree(); after memory_init().
 */
uint64_t address_space_audit(audit_report_fn *report, void *context);
