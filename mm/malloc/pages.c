/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which memory of the window is backed by pages.
 *
 * The buddy allocator owns the whole window from the beginning, as addresses. Nothing is mapped before it
 * is used: memory comes 2 MiB at a time (a chunk, as in the buddy allocator), when a block in it is first
 * committed, and descriptors a GiB at a time. So a process under RLIMIT_AS, RLIMIT_DATA,
 * mlockall(MCL_FUTURE) or strict overcommit is charged for the memory that it uses, and a refusal is a NULL
 * from malloc(). A chunk stays mapped.
 *
 * Two bits a page: used (committed, and not yet uncommitted) and dirty (perhaps not zero). A page that is
 * dirty and not used is idle. No thread writes to a page that is not used, also while a CPU's frame cache or
 * the buddy allocator has it, so idle pages can be given back to the system (madvise) without draining those:
 * that is a purge. A commit in the chunk that is being purged waits.
 *
 * How many pages may be idle: a part of those in use, and at least `floor_pages`, which doubles when half
 * of what was purged is touched again before the next purge, and halves again when a second passed without
 * one. Pages that were idle for a whole second are purged also below that, by a call of port_uncommit():
 * there is no thread for it.
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>
#include <ashlar/mm/shrink.h>

#include <errno.h>
#include <sys/mman.h>

#define CHUNK_PAGES   512u
#define CHUNK_WORDS   (CHUNK_PAGES / 64)
#define WINDOW_CHUNKS ((HOSTED_RAM_END - HOSTED_RAM) / LARGE_PAGE_SIZE)
#define REGION_CHUNKS (HUGE_PAGE_SIZE / LARGE_PAGE_SIZE)

/* Chunks share locks: neighbours have different ones. */
#define LOCKS 16

#define IDLE_PART   16 /* of the pages in use */
#define FLOOR_LEAST (MIB(4) >> PAGE_SHIFT)
#define FLOOR_MOST  (MIB(32) >> PAGE_SHIFT)
#define IDLE_SECOND 1000000000u /* ticks */
#define LOOK_EVERY  64          /* calls of port_uncommit() */
#define RUN_LONG    8           /* pages */

struct chunk {
    /* all guarded by lock_of(): */
    uint64_t used[CHUNK_WORDS], dirty[CHUNK_WORDS];
    uint32_t purged; /* pages that were purged and not touched again */
    uint32_t is_mapped;
};
/* By address, mapped with the descriptors. */
#define CHUNKS ((struct chunk *)0x3000000000u)

static struct {
    struct spinlock lock;
    /* guarded by lock: each struct chunk of which lock_of() is this one. */
} ALIGNED(64) locks[LOCKS];

uint64_t hosted_floor = UINT64_MAX;
__thread bool hosted_is_fresh;

static struct spinlock map_lock;
/* guarded by map_lock: the writes of hosted_floor, and the mapping of descriptors. */

static struct spinlock purge_lock; /* taken before a chunk's */
/* guarded by purge_lock: one purge at a time, which is the only one to call adapt_floor(). */

static const struct chunk *purging; /* atomic; written under its chunk's lock */
static uint64_t lowest_chunk = WINDOW_CHUNKS;

/* All atomic, and exact only at rest. */
static uint64_t used_pages, idle_pages, least_idle, floor_pages = FLOOR_LEAST;
static uint64_t purged_pages, touched_again; /* by the last purge, and since then */
static uint64_t last_look, last_purge, uncommits;

/* ---- mapping ---- */

bool hosted_map(uint64_t address, uint64_t size_bytes)
{
    int saved = errno;
    void *start = mmap((void *)(uintptr_t)address, size_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (start == (void *)(uintptr_t)address)
        return true;
    if (start != MAP_FAILED)
        munmap(start, size_bytes); /* a system without MAP_FIXED_NOREPLACE */
    errno = saved;
    return false;
}

static uint64_t chunk_number(const void *pointer)
{
    return ((uintptr_t)pointer - HOSTED_RAM) / LARGE_PAGE_SIZE;
}

STATIC_ASSERT(REGION_CHUNKS * sizeof(struct chunk) % PAGE_SIZE == 0,
              "two regions would share a page of chunks");

/* Descriptors and what goes with them for the GiB at @region. */
static bool map_tables(uint64_t region)
{
    uint64_t chunks = (uint64_t)(uintptr_t)&CHUNKS[(region - HOSTED_RAM) / LARGE_PAGE_SIZE];
    return hosted_map(region >> 9, HUGE_PAGE_SIZE >> 9) && hosted_map(region >> 10, HUGE_PAGE_SIZE >> 10) &&
           hosted_map(chunks, REGION_CHUNKS * sizeof(struct chunk));
}

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    (void)start;
    (void)end;
    (void)page_size;
    return STATUS_OK;
}

/* The allocator opens regions from the top; one that it leaves out is mapped with the next one below. */
status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    uint64_t region = align_down((uint64_t)(uintptr_t)port_frame_pointer(start), HUGE_PAGE_SIZE);
    status_t status = STATUS_OK;
    (void)memory; /* a part of the window that stays without pages */
    (void)page_size;
    spin_lock(&map_lock);
    while (status == STATUS_OK && !hosted_owns((void *)(uintptr_t)region)) {
        uint64_t below =
            hosted_floor == UINT64_MAX ? 0 : -hosted_floor << PAGE_SHIFT; /* HOSTED_RAM_END, mapped */
        uint64_t next = HOSTED_RAM_END - below - HUGE_PAGE_SIZE;
        if (map_tables(next))
            __atomic_store_n(&hosted_floor, -((HOSTED_RAM_END - next) >> PAGE_SHIFT), __ATOMIC_RELEASE);
        else
            status = STATUS_NO_MEMORY;
    }
    spin_unlock(&map_lock);
    return status;
}

void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal)
{
    uint32_t *phase = (uint32_t *)((uintptr_t)memory >> PAGE_SHIFT << 2);
    for (uint64_t i = 0; i < size_bytes / PAGE_SIZE; i++)
        phase[i] = (uint32_t)(uintptr_t)objects * reciprocal;
}

/* ---- bits ---- */

static struct spinlock *lock_of(const struct chunk *chunk)
{
    return &locks[(size_t)(chunk - CHUNKS) % LOCKS].lock;
}

/* The part of pages [first, end) of a chunk that lies in @word. */
static uint64_t mask_of(unsigned int word, unsigned int first, unsigned int end)
{
    unsigned int low = first > word * 64 ? first - word * 64 : 0;
    unsigned int high = end < word * 64 + 64 ? end - word * 64 : 64;
    return UINT64_MAX >> (64 - (high - low)) << low;
}

/* Pages [start, start + size_bytes), cut where chunks end. */
struct part {
    struct chunk *chunk;
    unsigned int first, end;
};

static bool next_part(uintptr_t *at, uintptr_t end, struct part *part)
{
    if (*at >= end)
        return false;
    uintptr_t chunk_end = align_down(*at, LARGE_PAGE_SIZE) + LARGE_PAGE_SIZE;
    part->chunk = &CHUNKS[chunk_number((void *)*at)];
    part->first = (unsigned int)(*at % LARGE_PAGE_SIZE / PAGE_SIZE);
    part->end = end < chunk_end ? (unsigned int)(end % LARGE_PAGE_SIZE / PAGE_SIZE) : CHUNK_PAGES;
    *at = chunk_end;
    return true;
}

static void lock_for_commit(struct chunk *chunk)
{
    spin_lock(lock_of(chunk));
    while (__atomic_load_n(&purging, __ATOMIC_RELAXED) == chunk) {
        spin_unlock(lock_of(chunk));
        port_pause();
        spin_lock(lock_of(chunk));
    }
}

static bool map_chunk(struct chunk *chunk)
{
    uint64_t number = (uint64_t)(chunk - CHUNKS);
    if (chunk->is_mapped)
        return true;
    if (!hosted_map(HOSTED_RAM + number * LARGE_PAGE_SIZE, LARGE_PAGE_SIZE))
        return false;
    chunk->is_mapped = 1;
    uint64_t lowest = __atomic_load_n(&lowest_chunk, __ATOMIC_RELAXED);
    while (number < lowest && !__atomic_compare_exchange_n(&lowest_chunk, &lowest, number, false,
                                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    return true;
}

/* Pages that were purged and are wanted again. */
static void count_touched_again(struct chunk *chunk, unsigned int clean)
{
    unsigned int again = clean < chunk->purged ? clean : chunk->purged;
    if (again == 0)
        return;
    chunk->purged -= again;
    __atomic_fetch_add(&touched_again, again, __ATOMIC_RELAXED);
}

static bool commit_part(const struct part *part)
{
    struct chunk *chunk = part->chunk;
    unsigned int idle = 0, clean = 0;
    lock_for_commit(chunk);
    bool is_mapped = map_chunk(chunk);
    for (unsigned int word = part->first / 64; is_mapped && word * 64 < part->end; word++) {
        uint64_t mask = mask_of(word, part->first, part->end);
        idle += (unsigned int)__builtin_popcountll(mask & chunk->dirty[word] & ~chunk->used[word]);
        clean += (unsigned int)__builtin_popcountll(mask & ~chunk->dirty[word]);
        chunk->used[word] |= mask;
        chunk->dirty[word] |= mask;
    }
    if (clean > 0)
        count_touched_again(chunk, clean);
    spin_unlock(lock_of(chunk));
    if (!is_mapped)
        return false;
    if (clean < part->end - part->first)
        hosted_is_fresh = false;
    __atomic_fetch_add(&used_pages, part->end - part->first, __ATOMIC_RELAXED);
    uint64_t left = __atomic_sub_fetch(&idle_pages, idle, __ATOMIC_RELAXED);
    if (left < __atomic_load_n(&least_idle, __ATOMIC_RELAXED))
        __atomic_store_n(&least_idle, left, __ATOMIC_RELAXED);
    return true;
}

static void uncommit_part(const struct part *part)
{
    struct chunk *chunk = part->chunk;
    unsigned int idle = 0;
    lock_for_commit(chunk);
    for (unsigned int word = part->first / 64; word * 64 < part->end; word++) {
        uint64_t mask = mask_of(word, part->first, part->end) & chunk->used[word];
        idle += (unsigned int)__builtin_popcountll(mask);
        chunk->used[word] &= ~mask;
    }
    spin_unlock(lock_of(chunk));
    __atomic_fetch_sub(&used_pages, idle, __ATOMIC_RELAXED);
    __atomic_fetch_add(&idle_pages, idle, __ATOMIC_RELAXED);
}

/* ---- purging ---- */

static bool bit(const uint64_t bits[CHUNK_WORDS], unsigned int page)
{
    return (bits[page / 64] >> page % 64 & 1) != 0;
}

static void give_back(char *memory, const uint64_t runs[CHUNK_WORDS])
{
    for (unsigned int page = 0, end; page < CHUNK_PAGES; page = end + 1) {
        for (end = page; end < CHUNK_PAGES && bit(runs, end); end++)
            ;
        if (end > page)
            madvise(memory + page * PAGE_SIZE, (end - page) * PAGE_SIZE, MADV_DONTNEED);
    }
}

/* Which pages to give back: runs of at least @least unused pages of which one is dirty; clean ones between
   dirty ones do no harm. Return: how many dirty ones there are. */
static unsigned int find_runs(const struct chunk *chunk, unsigned int least, uint64_t runs[CHUNK_WORDS])
{
    unsigned int count = 0;
    for (unsigned int page = 0, end; page < CHUNK_PAGES; page = end + 1) {
        unsigned int dirty = 0;
        for (end = page; end < CHUNK_PAGES && !bit(chunk->used, end); end++)
            dirty += bit(chunk->dirty, end);
        if (dirty == 0 || end - page < least)
            continue;
        count += dirty;
        for (unsigned int i = page; i < end; i++)
            runs[i / 64] |= BIT(i % 64);
    }
    return count;
}

/* Return: pages given back. */
static unsigned int purge_chunk(struct chunk *chunk, unsigned int least)
{
    uint64_t runs[CHUNK_WORDS] = { 0 }, any = 0;
    for (unsigned int word = 0; word < CHUNK_WORDS; word++) /* a look before the lock */
        any |= chunk->dirty[word] & ~chunk->used[word];
    if (any == 0)
        return 0;
    spin_lock(lock_of(chunk));
    unsigned int count = find_runs(chunk, least, runs);
    for (unsigned int word = 0; word < CHUNK_WORDS; word++)
        chunk->dirty[word] &= ~runs[word];
    chunk->purged += count;
    __atomic_store_n(&purging, count > 0 ? chunk : NULL, __ATOMIC_RELAXED);
    spin_unlock(lock_of(chunk));
    if (count == 0)
        return 0;
    give_back((char *)HOSTED_RAM + (uint64_t)(chunk - CHUNKS) * LARGE_PAGE_SIZE, runs);
    spin_lock(lock_of(chunk));
    __atomic_store_n(&purging, NULL, __ATOMIC_RELAXED);
    spin_unlock(lock_of(chunk));
    __atomic_fetch_sub(&idle_pages, count, __ATOMIC_RELAXED);
    return count;
}

static void adapt_floor(uint64_t purged)
{
    uint64_t now = port_ticks();
    if (touched_again * 2 > purged_pages && purged_pages > 0)
        floor_pages = floor_pages * 2 < FLOOR_MOST ? floor_pages * 2 : FLOOR_MOST;
    else if (now - last_purge > IDLE_SECOND)
        floor_pages = floor_pages / 2 > FLOOR_LEAST ? floor_pages / 2 : FLOOR_LEAST;
    last_purge = now;
    purged_pages = purged;
    __atomic_store_n(&touched_again, 0, __ATOMIC_RELAXED);
}

/* Once around all chunks, from where the last time ended. Return: pages given back. */
static uint64_t purge_around(uint64_t keep, unsigned int least)
{
    static uint64_t cursor; /* guarded by purge_lock */
    uint64_t lowest = __atomic_load_n(&lowest_chunk, __ATOMIC_RELAXED), count = WINDOW_CHUNKS - lowest,
             purged = 0;
    for (uint64_t i = 0; i < count && __atomic_load_n(&idle_pages, __ATOMIC_RELAXED) > keep; i++) {
        cursor = cursor >= lowest && cursor + 1 < WINDOW_CHUNKS ? cursor + 1 : lowest;
        purged += purge_chunk(&CHUNKS[cursor], least);
    }
    return purged;
}

/* Gives idle pages back to the system, down to @keep of them: long runs first, which cost one call. */
static void purge(uint64_t keep)
{
    if (!spin_trylock(&purge_lock))
        return;
    uint64_t purged = purge_around(keep, RUN_LONG);
    purged += purge_around(keep, 1);
    if (purged > 0)
        adapt_floor(purged);
    spin_unlock(&purge_lock);
}

static void look_at_idle(void)
{
    uint64_t idle = __atomic_load_n(&idle_pages, __ATOMIC_RELAXED), now;
    uint64_t allowed = __atomic_load_n(&used_pages, __ATOMIC_RELAXED) / IDLE_PART;
    allowed = allowed > floor_pages ? allowed : floor_pages;
    if (UNLIKELY(idle > allowed))
        purge(allowed * 3 / 4);
    if (__atomic_add_fetch(&uncommits, 1, __ATOMIC_RELAXED) % LOOK_EVERY != 0 ||
        (now = port_ticks()) - __atomic_load_n(&last_look, __ATOMIC_RELAXED) < IDLE_SECOND)
        return;
    __atomic_store_n(&last_look, now, __ATOMIC_RELAXED);
    uint64_t unneeded = __atomic_exchange_n(&least_idle, idle, __ATOMIC_RELAXED);
    if (unneeded > 0 && unneeded <= idle)
        purge(idle - unneeded);
}

/* ---- for the allocators ---- */

void port_uncommit(void *start, size_t size_bytes)
{
    uintptr_t at = (uintptr_t)start, end = align_up(at + size_bytes, PAGE_SIZE);
    struct part part;
    while (next_part(&at, end, &part))
        uncommit_part(&part);
    look_at_idle();
}

static bool commit(void *start, size_t size_bytes)
{
    uintptr_t at = (uintptr_t)start, end = align_up(at + size_bytes, PAGE_SIZE);
    struct part part;
    hosted_is_fresh = true;
    for (uintptr_t begin = at; next_part(&at, end, &part);) {
        if (commit_part(&part))
            continue;
        uintptr_t failed = (uintptr_t)HOSTED_RAM + (uint64_t)(part.chunk - CHUNKS) * LARGE_PAGE_SIZE;
        if (failed > begin)
            port_uncommit(start, failed - begin);
        return false;
    }
    return true;
}

/* Return: whether the chunk was mapped, and none of its pages was used. */
static bool unmap_chunk(struct chunk *chunk)
{
    uint64_t used = 0;
    unsigned int idle = 0;
    lock_for_commit(chunk);
    for (unsigned int word = 0; word < CHUNK_WORDS; word++)
        used |= chunk->used[word];
    bool may_go =
        chunk->is_mapped && used == 0 &&
        munmap((char *)HOSTED_RAM + (uint64_t)(chunk - CHUNKS) * LARGE_PAGE_SIZE, LARGE_PAGE_SIZE) == 0;
    for (unsigned int word = 0; may_go && word < CHUNK_WORDS; word++) {
        idle += (unsigned int)__builtin_popcountll(chunk->dirty[word]);
        chunk->dirty[word] = 0;
    }
    if (may_go)
        chunk->is_mapped = chunk->purged = 0;
    spin_unlock(lock_of(chunk));
    __atomic_fetch_sub(&idle_pages, idle, __ATOMIC_RELAXED);
    return may_go;
}

static bool unmap_idle(void)
{
    bool is_any = false;
    for (uint64_t i = __atomic_load_n(&lowest_chunk, __ATOMIC_RELAXED); i < WINDOW_CHUNKS; i++)
        is_any |= CHUNKS[i].is_mapped && unmap_chunk(&CHUNKS[i]);
    return is_any;
}

bool hosted_reclaim(uint64_t frames)
{
    bool is_any = hosted_large_release();
    is_any |= shrink_memory(frames) > 0;
    return is_any | unmap_idle();
}

bool port_commit(void *start, size_t size_bytes)
{
    return commit(start, size_bytes) ||
           (hosted_reclaim((size_bytes + PAGE_SIZE - 1) / PAGE_SIZE) && commit(start, size_bytes));
}

void hosted_for_page_locks(void (*act)(struct spinlock *lock))
{
    act(&map_lock);
    act(&purge_lock);
    for (unsigned int i = 0; i < LOCKS; i++)
        act(&locks[i].lock);
}
