/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of restartable sequences, sorted by address.
 */
#include <trap/restart.h>

struct sequence {
    uint64_t first, commit;
};

/* kernel64.ld */
extern struct sequence __restarts_start[], __restarts_end[];

uint64_t restart_lowest, restart_highest;

void restart_init(void)
{
    size_t count = (size_t)(__restarts_end - __restarts_start);
    for (size_t i = 1; i < count; i++) {
        struct sequence moved = __restarts_start[i];
        size_t at = i;
        for (; at > 0 && __restarts_start[at - 1].first > moved.first; at--)
            __restarts_start[at] = __restarts_start[at - 1];
        __restarts_start[at] = moved;
    }
    if (count > 0) {
        restart_lowest = __restarts_start[0].first;
        restart_highest = __restarts_start[count - 1].commit;
    }
}

void restart_look_up(struct trap_frame *frame)
{
    const struct sequence *low = __restarts_start, *high = __restarts_end;
    while (low < high) {
        const struct sequence *middle = low + (high - low) / 2;
        if (frame->rip > middle->commit) {
            low = middle + 1;
        } else if (frame->rip <= middle->first) {
            high = middle;
        } else {
            frame->rip = middle->first;
            return;
        }
    }
}
