/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list, sorted by time stamp: those of the stub are read after the first stages of the kernel.
 */
#include <boot/stages.h>

#include <lib/machine_ops.h>

static struct boot_stage list[BOOT_STAGES_MAX];
static size_t list_count;

void boot_stage_mark(const char *name)
{
    boot_stage_mark_at(name, machine_ops.ticks());
}

void boot_stage_mark_at(const char *name, uint64_t ticks)
{
    size_t at = list_count;

    if (list_count == BOOT_STAGES_MAX)
        return;
    for (; at > 0 && list[at - 1].ticks > ticks; at--)
        list[at] = list[at - 1];
    list[at] = (struct boot_stage){ name, ticks };
    list_count++;
}

const struct boot_stage *boot_stages(size_t *count)
{
    *count = list_count;
    return list;
}
