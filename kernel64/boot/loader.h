/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the parsers of boot descriptions share; private to boot/.
 */
#include <boot/boot_info.h>
#include <lib/string.h>

/* One reading of a loader's data: where it goes, and who hears what is wrong with it. */
struct reading {
    struct boot_info *info;
    boot_complain_fn *complain; /* may be NULL */
};

static inline void reading_complain(struct reading *reading, const char *sentence, uint64_t number)
{
    reading->info->warnings++;
    if (reading->complain)
        reading->complain(sentence, number);
}

/* Empties @info, so that what the loader does not mention reads as absent. */
static inline void boot_info_clear(struct boot_info *info, const char *protocol, phys_t raw_start,
                                   boot_next_module_fn *next_module)
{
    memset(info, 0, sizeof(*info));
    info->protocol = protocol;
    info->raw_start = raw_start;
    info->next_module = next_module;
    info->rsdp_address = PHYS_INVALID;
}
