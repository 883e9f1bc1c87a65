/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of boot stages, kept in the order of their time stamps: what the stub did becomes known
 * only after the first stages of ours.
 */
#include <log/stages.h>

#include <lib/machine_ops.h>

static struct stage list[STAGES_MAX];
static size_t list_count;

void stage_mark(const char *name)
{
    stage_mark_at(name, machine_ops.ticks());
}

void stage_mark_at(const char *name, uint64_t ticks)
{
    size_t at = list_count;

    if (list_count == STAGES_MAX)
        return;
    for (; at > 0 && list[at - 1].ticks > ticks; at--)
        list[at] = list[at - 1];
    list[at] = (struct stage){ name, ticks };
    list_count++;
}

const struct stage *stages(size_t *count)
{
    *count = list_count;
    return list;
}
