/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether the page tables hold what they must not: W+X, free memory, a writable alias of the kernel's code.
 */
#include <ashlar/mm/audit.h>

/**
 * address_space_audit() - audit_tree() of the kernel's address space, by the rules of this kernel.
 * @report, @context: as for audit_tree().
 *
 * Return: as audit_tree().
 * Context: thread; after memory_init(). Page tables may change meanwhile.
 */
uint64_t address_space_audit(audit_report_fn *report, void *context);
