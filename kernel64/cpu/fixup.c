/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fixup is a stack pointer: fixup.asm has saved there all registers that a function must preserve.
 */
#include <cpu/fixup.h>

#include <cpu/insn.h>

struct fixup {
    uint64_t rsp; /* written by fixup_call, for fixup_landing */
    uint64_t rflags;
    struct trap_frame *caught;
    struct fixup *outer;
};

/* fixup.asm */
bool fixup_call(uint64_t *rsp, fixup_fn *function, void *argument);
void fixup_landing(void);

PERCPU(struct fixup *, fixup);

bool fixup_try(fixup_fn *function, void *argument, struct trap_frame *caught)
{
    struct fixup mine = { .rflags = cpu_read_rflags(), .caught = caught, .outer = PERCPU_MINE(fixup) };

    PERCPU_MINE(fixup) = &mine;
    bool returned = fixup_call(&mine.rsp, function, argument);
    PERCPU_MINE(fixup) = mine.outer;
    return returned;
}

bool fixup_apply(struct trap_frame *frame)
{
    struct fixup *innermost = PERCPU_MINE(fixup);
    if (!innermost)
        return false;
    *innermost->caught = *frame;
    frame->rip = (uintptr_t)fixup_landing;
    frame->rsp = innermost->rsp;
    frame->rflags = innermost->rflags;
    return true;
}

void fixup_disarm_all(void)
{
    PERCPU_MINE(fixup) = NULL;
}
