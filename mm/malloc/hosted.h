/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the hosted library share: port.c (threads as CPUs), pages.c (which memory is backed),
 * large.c (mappings of their own), wrong.c (frees of what is not in use), malloc.c (the C library's names),
 * fork.c.
 */
#include <ashlar/mm/port.h>

/* Ends the process: one line on standard error, abort(). No stdio, which allocates. */
NORETURN void hosted_die(const char *words);

/* ---- port.c ---- */

/**
 * hosted_enter() - make sure that this thread may call the allocators.
 *
 * The first call of all brings them up. A thread that can have no number (there are HOSTED_CPUS already, or
 * it is ending) becomes CPU 0 until hosted_leave(), under a lock.
 * Return: whether hosted_leave() has to be called.
 */
bool hosted_enter(void);
void hosted_leave(void);

/* For fork.c: between them no thread takes or leaves a number, and nobody is CPU 0. */
void hosted_hold_threads(void);
void hosted_release_threads(void);

/* In a child: the numbers of threads that it does not have may be taken again. */
void hosted_forget_threads(void);

/* ---- pages.c ---- */

/* The lowest frame whose descriptor exists, as a distance below HOSTED_RAM_END: -1 and less. UINT64_MAX: none
   exists. */
extern uint64_t hosted_floor PORT_PRIVATE;

/* Whether @pointer lies where descriptors exist. Any pointer. */
static ALWAYS_INLINE bool hosted_owns(const void *pointer)
{
    return ((uintptr_t)pointer >> PAGE_SHIFT) - (HOSTED_RAM_END >> PAGE_SHIFT) >= hosted_floor;
}

/* Whether all that the last port_commit() of this thread committed was zero. */
extern __thread bool hosted_is_fresh __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* Maps @size_bytes at the fixed @address, multiples of PAGE_SIZE. Return: false when the system refuses. */
bool hosted_map(uint64_t address, uint64_t size_bytes);

/* After the system refused memory: gives up what is kept in case it is wanted again, of every kind. Return:
   whether there was any. Context: the thread is a CPU; no lock is held. */
bool hosted_make_room(uint64_t frames);

/* ---- large.c ---- */

/**
 * hosted_large_alloc() - make a mapping of its own.
 * @size:      at least 1 byte; the mapping is rounded up to pages.
 * @alignment: a power of two, PAGE_SIZE at least.
 * @is_zero:   whether zeros are wanted, so that memory that was never used is preferred; receives whether its
 *             content is known to be zero.
 *
 * Return: its beginning; NULL when the system refuses.
 */
void *hosted_large_alloc(size_t size, size_t alignment, bool *is_zero);

/* The size of the mapping that begins at @pointer; 0: none does. Any pointer. */
size_t hosted_large_size(const void *pointer);

/* Return: false when no mapping begins at @pointer. */
bool hosted_large_free(void *pointer);

/* Return: where it is now, with its content, and @size bytes at least; NULL, and it stays, when the system
   refuses. */
void *hosted_large_resize(void *pointer, size_t size);

/* Unmaps what is kept for later requests. Return: whether there was any. */
bool hosted_large_release(void);

/* ---- wrong.c ---- */

/**
 * hosted_check() - end the process when @pointer is not what malloc() gave and nobody freed.
 * @pointer:  any but NULL.
 * @function: that it was handed to, for the report.
 *
 * Return: how many bytes may be used from it.
 */
size_t hosted_check(const void *pointer, const char *function);

/* ---- malloc.c ---- */

/* What the common paths know of kmalloc's caches; once they are there. */
void hosted_prepare_classes(void);

/* Whether the cache at @slot is one of them. */
bool hosted_is_class(size_t slot);

/* A freed object's second word, until it is handed out again. */
extern uint64_t hosted_freed_mark PORT_PRIVATE;

/* ---- locks, for fork.c ---- */

void hosted_for_page_locks(void (*act)(struct spinlock *lock));
extern struct spinlock hosted_large_lock PORT_PRIVATE;

/* Registers what a fork needs; once. */
void hosted_prepare_forks(void);
