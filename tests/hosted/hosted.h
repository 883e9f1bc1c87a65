/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An imitated machine's memory for tests of mm: sparse, so it may have terabytes, and a report of mm's is
 * recorded instead of ending the process.
 */
#include <ashlar/mm/port.h>

/**
 * hosted_memory_init() - physical memory [start, end), all zero, none of it touched; and its descriptors.
 * @start, @end: aligned to 1 GiB. Addresses are aligned alike.
 *
 * May be called again, and then drops the previous memory. Aborts when the mapping fails.
 */
void hosted_memory_init(uint64_t start, uint64_t end);

/* Bytes of physical memory, and of descriptors, that have been touched so far. */
uint64_t hosted_touched_bytes(void);
uint64_t hosted_touched_descriptor_bytes(void);

/* How often port_bug() was called, and its last message. */
extern unsigned int hosted_wrong_count;
extern char hosted_wrong_words[512];
/* port_bug() aborts unless this is set. */
extern bool hosted_wrong_expected;

/* For tests of much memory: descriptors on large pages of the host. To be set before hosted_memory_init(). */
extern bool hosted_large_descriptor_pages;
