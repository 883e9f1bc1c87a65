/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Boot page tables, built in a pool of frames. Plain C, also compiled hosted.
 */
#include <ashlar/layout.h>
#include <ashlar/status.h>

#pragma GCC visibility push(hidden)

struct tables {
    uint64_t *pool;       /* where the frames can be written */
    uint64_t pool_start;  /* their physical address, page-aligned */
    uint32_t frame_count; /* how many there are */
    uint32_t used;        /* how many are taken; the first is the PML4 */
    bool has_nx;          /* whether the NX bit may be set */
};

enum tables_permissions { TABLES_WRITE = 1 << 0, TABLES_EXECUTE = 1 << 1 };

/**
 * tables_init() - take the PML4.
 * @tables: pool, pool_start, frame_count and has_nx are filled in.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY when the pool is empty.
 */
status_t tables_init(struct tables *tables) MUST_CHECK;

/**
 * tables_map() - map a range.
 * @virt, @phys, @size_bytes: multiples of @page_size.
 * @page_size:   4 KiB, 2 MiB or 1 GiB; the caller has checked CPUID for the last.
 * @permissions: enum tables_permissions; always readable.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY when the pool is used up; STATUS_EXISTS when something is
 *         mapped there; STATUS_INVALID for what is not aligned. Earlier mappings stay.
 */
status_t tables_map(struct tables *tables, uint64_t virt, uint64_t phys, uint64_t size_bytes,
                    uint64_t page_size, unsigned int permissions) MUST_CHECK;

#pragma GCC visibility pop
