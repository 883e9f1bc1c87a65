/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The trampoline in its place: memory below 640 KiB, the code in it, and page tables that show both it and
 * the kernel.
 */
#include <ashlar/mm/paging.h>
#include <smp/trampoline_layout.h>

struct trampoline {
    phys_t page;                    /* of the code; the slots lie behind it */
    unsigned int order;             /* of the block that all of it is */
    struct trampoline_words *words; /* these two: in the direct map */
    struct ap_slot *slots;
    struct paging paging;
};

/**
 * trampoline_make() - make one, with room for as many CPUs as can be had.
 * @kernel: the tree whose upper half the tables get.
 * @wanted: CPUs; at least 1.
 * @entry:  what each calls, with the argument of its slot.
 * @room:   receives the number of slots, at least 1.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 */
status_t trampoline_make(struct trampoline *trampoline, const struct paging *kernel, unsigned int wanted,
                         uint64_t entry, uint32_t *room) MUST_CHECK;

/* Gives everything back. No CPU may be on its way through it. */
void trampoline_free(struct trampoline *trampoline);

/* Frames that trampolines and their page tables have now: once CPUs are started, those kept for CPUs that did
   not come. */
uint64_t trampoline_frames(void);
