/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Shared by the parsers of boot information; private to boot/.
 */
#include <boot/boot_info.h>
#include <lib/string.h>

/* State of a parser: the result, and the receiver of reports. */
struct parser {
    struct boot_info *info;
    boot_report_fn *report_fault; /* may be NULL */
};

static inline void parser_report(struct parser *parser, const char *sentence, uint64_t number)
{
    parser->info->warnings++;
    if (parser->report_fault)
        parser->report_fault(sentence, number);
}

/* Clears @info: fields that the loader does not give are absent. */
static inline void boot_info_clear(struct boot_info *info, const char *protocol, phys_t raw_start,
                                   boot_next_module_fn *next_module)
{
    memset(info, 0, sizeof(*info));
    info->protocol = protocol;
    info->raw_start = raw_start;
    info->next_module = next_module;
    info->rsdp_address = PHYS_INVALID;
    info->efi_system_table = PHYS_INVALID;
}
