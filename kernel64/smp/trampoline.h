/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The trampoline in its place: a block below 640 KiB with the code and the slots, and page tables that map
 * both it and the kernel. Without SMP: up.c.
 *
 * Context of all: BSP's thread. Takes the allocator's and the page tables' locks.
 */
#include <ashlar/mm/paging.h>
#include <smp/trampoline_layout.h>

struct trampoline {
    phys_t page;                    /* the code's; the slots follow it */
    unsigned int order;             /* of the block that holds all of it */
    struct trampoline_words *words; /* both in the direct map */
    struct ap_slot *slots;
    struct paging paging;
};

/**
 * trampoline_make() - allocate and fill one, with as many slots as memory allows.
 * @trampoline: filled in on STATUS_OK.
 * @kernel:   the tree whose upper half its page tables share.
 * @wanted:   slots; at least 1.
 * @entry:    address of the function that each CPU calls with its slot's argument.
 * @capacity: receives the number of slots, at least 1; perhaps fewer or more than @wanted.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 */
status_t trampoline_make(struct trampoline *trampoline, const struct paging *kernel, unsigned int wanted,
                         uint64_t entry, uint32_t *capacity) MUST_CHECK;

/**
 * trampoline_free() - free its memory.
 * @trampoline: made; no CPU is running in it or may still be started into it.
 */
void trampoline_free(struct trampoline *trampoline);

/* Frames in use by trampolines and their page tables: after smp_start(), those kept for CPUs that were given
   up.
   Context: any. */
uint64_t trampoline_frames(void);
