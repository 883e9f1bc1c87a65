/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the hosted library share: port.c (memory, threads as CPUs), malloc.c, fork.c.
 */
#include <ashlar/mm/port.h>

/* Bytes of memory, counted from HOSTED_RAM. */
extern uint64_t hosted_ram_bytes PORT_PRIVATE;

/**
 * hosted_enter() - make sure that this thread may call the allocators.
 *
 * The first call of all brings them up. A thread that can be no CPU of its own (there are HOSTED_CPUS already, or it
 * is ending) shares one: until hosted_leave() no other such thread runs.
 * Return: whether hosted_leave() has to be called.
 */
bool hosted_enter(void);
void hosted_leave(void);

/* Between them no thread becomes a CPU or ends being one. */
void hosted_hold_threads(void);
void hosted_release_threads(void);

/* Registers what a fork needs; once. */
void hosted_prepare_forks(void);
