/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the hosted library share: port.c (threads as CPUs), pages.c (which memory has pages),
 * large.c (mappings of their own), wrong.c (invalid frees), malloc.c (the C library's functions), fork.c.
 */
#include <ashlar/mm/port.h>

/**
 * hosted_die() - write one line to standard error and abort().
 * @message: without the library's name and a line's end, which are added; cut after 580 characters.
 *
 * Context: any thread, with any lock held. No stdio, which allocates.
 */
NORETURN void hosted_die(const char *message);

/* ---- port.c ---- */

/**
 * hosted_enter() - make this thread a CPU, which may call the allocators.
 *
 * The first call of all brings them up. A thread that cannot get a number (HOSTED_CPUS are taken, or it is
 * ending) becomes CPU 0 until hosted_leave(), under a lock.
 *
 * Return: whether hosted_leave() has to be called.
 * Context: thread; no lock is held. May wait for another thread, and calls the system.
 * Cost: one comparison when the thread has a number.
 */
bool hosted_enter(void);

/**
 * hosted_leave() - stop being CPU 0.
 *
 * Context: thread; after a hosted_enter() that returned true.
 */
void hosted_leave(void);

/**
 * hosted_hold_threads(), hosted_release_threads() - keep threads from getting or giving up a number.
 *
 * Between them no thread is CPU 0 either.
 *
 * Context: thread, for fork.c. The first is called with no lock held and takes two, which the second gives
 * back.
 */
void hosted_hold_threads(void);
void hosted_release_threads(void);

/**
 * hosted_reclaim_numbers() - make the numbers of threads that a child does not have free for others.
 *
 * Context: the child of a fork, between hosted_hold_threads() and hosted_release_threads().
 */
void hosted_reclaim_numbers(void);

/* ---- pages.c ---- */

/* The lowest frame whose descriptor exists, as a distance below HOSTED_RAM_END: -1 and less. UINT64_MAX: none
   exists. */
extern uint64_t hosted_floor PORT_PRIVATE;

/**
 * hosted_owns() - whether a pointer lies where descriptors exist.
 * @pointer: any value.
 *
 * Context: any thread. Takes no lock.
 */
static ALWAYS_INLINE bool hosted_owns(const void *pointer)
{
    return ((uintptr_t)pointer >> PAGE_SHIFT) - (HOSTED_RAM_END >> PAGE_SHIFT) >= hosted_floor;
}

/* Whether all that the last port_commit() of this thread committed was zero. */
extern __thread bool hosted_is_fresh __attribute__((visibility("hidden"), tls_model("initial-exec")));

/**
 * hosted_map() - map memory at a fixed address.
 * @address:    a multiple of PAGE_SIZE; nothing may be mapped there.
 * @size_bytes: likewise, at least PAGE_SIZE.
 *
 * Return: false when the system refuses; errno stays as it was.
 * Context: any thread, with any lock held.
 */
bool hosted_map(uint64_t address, uint64_t size_bytes);

/**
 * hosted_reclaim() - give back memory that is kept for later requests, of every kind.
 * @frames: how many are wanted; passed to the shrinkers.
 *
 * For a retry after the system refused memory.
 *
 * Return: whether there was any.
 * Context: thread that is a CPU; no lock is held.
 */
bool hosted_reclaim(uint64_t frames);

/* ---- large.c ---- */

/*
 * Mappings of their own. Context of all: thread; no lock is held. They take hosted_large_lock and call the
 * system under it.
 */

/**
 * hosted_large_alloc() - allocate a mapping.
 * @size:      at least 1 byte; the mapping is rounded up to pages.
 * @alignment: a power of two, at least PAGE_SIZE.
 * @is_zero:   in: whether zeros are wanted, so that memory that was never used is preferred. Out: whether the
 *             content is known to be zero.
 *
 * Return: its start; NULL when the system refuses.
 */
void *hosted_large_alloc(size_t size, size_t alignment, bool *is_zero);

/**
 * hosted_large_size() - the size of a mapping.
 * @pointer: any value.
 *
 * Return: in bytes; 0 when no mapping begins there.
 */
size_t hosted_large_size(const void *pointer);

/**
 * hosted_large_free() - free a mapping, which may be kept for a later request.
 * @pointer: any value.
 *
 * Return: false when no mapping begins there.
 */
bool hosted_large_free(void *pointer);

/**
 * hosted_large_resize() - grow or shrink a mapping without copying it.
 * @pointer: start of a mapping.
 * @size:    at least 1 byte; rounded up to pages.
 *
 * Return: its start, which may be another, with its content; NULL when the system refuses, and then the
 * mapping is as it was.
 */
void *hosted_large_resize(void *pointer, size_t size);

/**
 * hosted_large_release() - unmap what is kept for later requests.
 *
 * Return: whether there was any.
 */
bool hosted_large_release(void);

/* ---- wrong.c ---- */

/**
 * hosted_check() - end the process when a pointer is not one that malloc() returned and that is still
 * allocated.
 * @pointer:  any but NULL.
 * @function: that it was passed to, for the report.
 *
 * Return: how many bytes may be used from it.
 * Context: thread; no lock is held. Takes locks of the cache for an object that bears the mark.
 */
size_t hosted_check(const void *pointer, const char *function);

/* ---- malloc.c ---- */

/**
 * hosted_prepare_classes() - note kmalloc's caches for the fast paths.
 *
 * Context: once, after kmalloc_init(), before another thread allocates.
 */
void hosted_prepare_classes(void);

/**
 * hosted_is_class() - whether the cache at a slot is one of kmalloc's.
 * @slot: as frame_flags() of a slab's frame has it.
 *
 * Context: any thread. Takes no lock.
 */
bool hosted_is_class(size_t slot);

/* The second word of a freed object, until it is allocated again. */
extern uint64_t hosted_freed_mark PORT_PRIVATE;

/* ---- locks, for fork.c ---- */

/**
 * hosted_for_page_locks() - do something to each lock of pages.c, in their order.
 * @act: spin_lock or spin_unlock.
 *
 * Context: thread; as @act demands.
 */
void hosted_for_page_locks(void (*act)(struct spinlock *lock));
extern struct spinlock hosted_large_lock PORT_PRIVATE;

/* ---- fork.c ---- */

/**
 * hosted_prepare_forks() - register what a fork needs.
 *
 * Context: once, while the library comes up.
 */
void hosted_prepare_forks(void);
