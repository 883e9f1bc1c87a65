/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of boot stages.
 */
#include <diag/stages.h>

#include <diag/port.h>

static struct stage list[STAGES_MAX];
static size_t list_count;

void stage_mark(const char *name)
{
    stage_mark_at(name, diag_port_ticks());
}

void stage_mark_at(const char *name, uint64_t ticks)
{
    if (list_count < STAGES_MAX)
        list[list_count++] = (struct stage){ name, ticks };
}

const struct stage *stages(size_t *count)
{
    *count = list_count;
    return list;
}
