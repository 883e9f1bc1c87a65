/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What mb2_parse.c, pvh_parse.c and boot_info.c share; nobody else includes it.
 */
#include <boot/boot_info.h>

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
void boot_info_clear(struct boot_info *info, const char *protocol, phys_t raw_start);

/* boot_info_next_module() for either protocol. */
bool mb2_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module);
bool pvh_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module);
