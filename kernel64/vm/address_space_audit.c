/* SPDX-License-Identifier: BSD-2-Clause */
/* This kernel's rules for mm's audit. */
#include <vm/address_space_audit.h>

#include <boot/machine.h>
#include <cpu/image.h>
#include <vm/address_space.h>
#include <vm/memory.h>

uint64_t address_space_audit(audit_report_fn *report, void *context)
{
    uint64_t kernel_start = machine_handoff()->kernel_start;
    struct audit_rules rules = {
        .read_only = { phys(kernel_start), phys(kernel_start + (uint64_t)(__rodata_end - __kernel_start)) },
        .is_free = memory_is_free,
    };
    rules.ranges = machine_map(&rules.range_count);
    return audit_tree(address_space(), &rules, report, context);
}
