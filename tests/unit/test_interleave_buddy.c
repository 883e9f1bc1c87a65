/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleavings of the real buddy allocator with its caches: all with few interruptions for two CPUs and
 * chosen operations, random ones for three. After each run, with all CPUs at rest:
 *
 *   - no frame was given to two owners, and the allocator counts the free ones;
 *   - the invariants of mm/frames/tree.c hold, so all that is free is found;
 *   - a request was refused only if no block was free all the time that it took, and no other request that
 *     was under way when it was refused can have had it.
 *
 * Without caches each operation reaches the tree; with them frames wait in CPUs' stacks, and are drained
 * before counting.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "buddy_invariants.h"
#include "buddy_machine.h"
#include "interleave.h"

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

#define START      (MIB(16) >> PAGE_SHIFT)
#define CHUNKS_MAX 4
#define FRAMES_MAX (CHUNKS_MAX * CHUNK_FRAMES)
#define SLOTS      64

/* Seeds that are tried each time, besides the one of this run; a seed that finds a fault is added. */
static const uint64_t kept_seeds[] = { 1, 7, 4242, 8191 };

static uint64_t frames; /* of the memory that is played with */

/* ---- owners ---- */

#define NOT_FREE UINT64_MAX
static uint8_t owner[FRAMES_MAX];
static uint8_t
    freed_by[FRAMES_MAX]; /* the CPU whose give() has not returned, plus 1; 0: none, or allocated since */
static uint64_t free_since[FRAMES_MAX]; /* by the clock below */
static uint64_t now;
static unsigned int requests_under_way;

static struct {
    struct slot {
        uint64_t frame;
        unsigned int order;
    } slots[SLOTS];
    unsigned int count;
} held[INTERLEAVE_CPUS];

static void claim(unsigned int cpu, uint64_t frame, unsigned int order)
{
    assert_true(is_aligned(frame, BIT(order)) && frame >= START && frame + BIT(order) <= START + frames);
    for (uint64_t i = frame - START; i < frame - START + BIT(order); i++) {
        assert_int_equal(owner[i], 0);
        owner[i] = (uint8_t)(cpu + 1);
        freed_by[i] = 0;
        free_since[i] = NOT_FREE;
    }
    held[cpu].slots[held[cpu].count++] = (struct slot){ frame, order };
}

static bool was_free_since(uint64_t first, unsigned int order, uint64_t moment)
{
    for (uint64_t i = first; i < first + BIT(order); i++)
        if (free_since[i] >= moment)
            return false;
    return true;
}

static void check_refusal(unsigned int order, uint64_t begun)
{
    if (requests_under_way > 0)
        return;
    for (uint64_t at = align_up(START, BIT(order)) - START; at + BIT(order) <= frames; at += BIT(order))
        assert_false(was_free_since(at, order, begun));
}

static bool has_caches;

/* Return: false when it was refused. */
static bool take(unsigned int cpu, unsigned int order)
{
    uint64_t begun = ++now;
    requests_under_way++;
    phys_t block = has_caches ? buddy_alloc(order, 0)
                              : buddy_alloc_where(order, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
    requests_under_way--;
    if (phys_is_valid(block))
        claim(cpu, block.raw >> PAGE_SHIFT, order);
    else if (!has_caches)
        check_refusal(order, begun);
    return phys_is_valid(block);
}

static void give(unsigned int cpu, unsigned int index)
{
    struct slot slot = held[cpu].slots[index];
    held[cpu].slots[index] = held[cpu].slots[--held[cpu].count];
    memset(&owner[slot.frame - START], 0, BIT(slot.order));
    memset(&freed_by[slot.frame - START], (int)(cpu + 1), BIT(slot.order));
    phys_t block = phys(slot.frame << PAGE_SHIFT);
    if (has_caches && slot.order == 0)
        frame_free(port_pointer(block));
    else
        buddy_free(block, slot.order);
    ++now;
    /* Not those that were allocated meanwhile, of which some may be on their way back again. */
    for (uint64_t i = slot.frame - START; i < slot.frame - START + BIT(slot.order); i++) {
        if (freed_by[i] != cpu + 1)
            continue;
        freed_by[i] = 0;
        free_since[i] = now;
    }
}

/* ---- at rest ---- */

static void drain_all(unsigned int cpus)
{
    for (hosted_cpu = 0; hosted_cpu <= cpus; hosted_cpu++)
        frame_cache_drain();
    hosted_cpu = 0;
}

static uint64_t free_at_start; /* of what is not played with */

static void check_at_rest(void)
{
    uint64_t expected = free_at_start;
    hosted_cpu = 0;
    if (has_caches)
        drain_all(INTERLEAVE_CPUS);
    for (uint64_t i = 0; i < frames; i++)
        expected += owner[i] == 0;
    assert_int_equal(buddy.free, expected);
    check_buddy_invariants();
    assert_int_equal(hosted_wrong_count, 0);
}

static void give_all_back(void)
{
    hosted_cpu = 0;
    for (unsigned int cpu = 0; cpu < INTERLEAVE_CPUS; cpu++)
        while (held[cpu].count > 0)
            give(cpu, held[cpu].count - 1);
    drain_all(INTERLEAVE_CPUS);
    check_at_rest();
    buddy_reset_cpus();
    for (uint64_t i = 0; i < frames; i++)
        free_since[i] = 0;
    now = 0;
}

/* ---- the machine ---- */

static void on_cpu(unsigned int cpu)
{
    hosted_cpu = cpu + 1;
}

static void set_up(unsigned int chunks, bool caches)
{
    interleave.switched = on_cpu;
    hosted_cpu = 0;
    hosted_cpu_count = INTERLEAVE_CPUS + 1;
    hosted_wrong_count = 0;
    machine_begin();
    machine_range(MIB(2), MIB(6), MEMMAP_USABLE);
    machine_early_is_low = true;
    machine_range(MIB(16), MIB(16) + chunks * MIB(2), MEMMAP_USABLE);
    assert_int_equal(machine_start(), STATUS_OK);
    has_caches = caches;
    frame_cache_set_limit(caches ? 16 : 0);
    drain_all(INTERLEAVE_CPUS);
    spin_lock(&buddy.lock);
    for (unsigned int order = 10; order-- > 0;) {
        const struct range_request all = { .order = order, .lo = pfn(0), .hi = pfn(START) };
        while (pfn_is_valid(buddy_take_between_locked(&all).block))
            ;
    }
    spin_unlock(&buddy.lock);
    frames = chunks * CHUNK_FRAMES;
    free_at_start = buddy.free - frames;
    memset(owner, 0, sizeof(owner));
    memset(freed_by, 0, sizeof(freed_by));
    /* Each chunk has been broken once, so that all runs are alike. */
    while (take(0, 0) && held[0].count < SLOTS)
        ;
    give_all_back();
    for (unsigned int chunk = 0; chunk < chunks; chunk++)
        assert_true(buddy_describe(&buddy.regions[0], (unsigned int)(START / CHUNK_FRAMES) + chunk));
}

/* All is free: chunks become as if they had never been split. */
static void reset_descriptors(void)
{
    struct region *region = &buddy.regions[0];
    for (unsigned int chunk = START / CHUNK_FRAMES; chunk < (START + frames) / CHUNK_FRAMES; chunk++) {
        region->described[chunk / 64] &= ~BIT(chunk % 64);
        region->chunks[chunk].word[0] = PAGE_SIZE; /* where the test's port has no need of memory */
    }
}

/* ---- all interleavings of a few operations ---- */

enum { END, TAKE, GIVE };
struct operation {
    uint8_t what, argument; /* TAKE: the order; GIVE: which of the blocks it has */
};

static const struct script {
    const char *name;
    unsigned int chunks;
    /* What each CPU has at first: a block of this order, or 255 for none; whether the rest is taken, too. */
    uint8_t first[2];
    bool is_rest_taken;
    struct operation of[2][5];
} scripts[] = {
    { "a block of four words comes back while its words are taken",
      1,
      { 8, 8 },
      true,
      { { { GIVE, 0 } }, { { TAKE, 6 }, { TAKE, 6 }, { TAKE, 0 } } } },
    { "the last block of an order comes back while it is asked for",
      1,
      { 4, 4 },
      true,
      { { { GIVE, 0 } }, { { TAKE, 4 }, { TAKE, 4 } } } },
    { "a chunk is split while another wants some of it",
      1,
      { 255, 255 },
      false,
      { { { TAKE, 0 }, { GIVE, 0 } }, { { TAKE, 3 }, { TAKE, 7 } } } },
    { "a chunk merges while it is taken as a whole and in parts",
      1,
      { 3, 255 },
      false,
      { { { GIVE, 0 } }, { { TAKE, 9 }, { TAKE, 0 } } } },
    { "a chunk is taken as a whole while another splits it",
      1,
      { 255, 255 },
      false,
      { { { TAKE, 9 }, { GIVE, 0 } }, { { TAKE, 0 }, { GIVE, 0 } } } },
    { "both halves of a chunk come back",
      1,
      { 8, 8 },
      true,
      { { { GIVE, 0 }, { TAKE, 9 } }, { { GIVE, 0 }, { TAKE, 9 } } } },
    { "two chunks merge and are taken as one",
      2,
      { 9, 9 },
      false,
      { { { GIVE, 0 }, { TAKE, 10 } }, { { GIVE, 0 }, { TAKE, 7 } } } },
    { "the last frame is passed on",
      1,
      { 0, 255 },
      true,
      { { { GIVE, 0 }, { TAKE, 0 } }, { { TAKE, 0 }, { GIVE, 0 } } } },
};
static const struct script *script;
static bool forgets;

static void prepare_script(void)
{
    give_all_back();
    if (forgets)
        reset_descriptors();
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        if (script->first[cpu] != 255)
            assert_true(take(cpu, script->first[cpu]) || has_caches); /* with which a reserve is kept */
    /* The rest is CPU 2's, which does not run. */
    for (unsigned int order = 10; script->is_rest_taken && order-- > 0;)
        while (take(2, order))
            ;
}

static void run_script(unsigned int cpu)
{
    for (const struct operation *operation = script->of[cpu]; operation->what != END; operation++) {
        if (operation->what == TAKE)
            (void)!take(cpu, operation->argument);
        else if (operation->argument < held[cpu].count)
            give(cpu, operation->argument);
    }
}

static void all_interleavings(bool caches, unsigned int bound)
{
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        script = &scripts[i];
        set_up(script->chunks, caches);
        unsigned long runs = interleave_all(2, bound, prepare_script, run_script, check_at_rest);
        give_all_back();
        printf("%s: %lu schedules\n", script->name, runs);
    }
}

static void two_cpus_lose_no_frame_in_any_schedule(void **state)
{
    (void)state;
    all_interleavings(false, 3);
}

static void two_cpus_with_caches_lose_no_frame_in_any_schedule(void **state)
{
    (void)state;
    all_interleavings(true, 3);
}

/* None is refused a chunk because another CPU is making its descriptors. */
static void two_cpus_describe_chunks_and_are_refused_nothing(void **state)
{
    (void)state;
    forgets = true;
    all_interleavings(false, 3);
    forgets = false;
}

/* ---- random ---- */

#define OPERATIONS 6

static void prepare_random(void)
{
    give_all_back();
    if (seed_below(2))
        reset_descriptors();
    unsigned int order = seed_below(4) == 0 ? 255 : seed_below(9);
    /* Mostly full, because errors occur at the edges. */
    for (unsigned int cpu = 0; order != 255 && cpu < 3; cpu++)
        for (unsigned int i = 0; i < 4; i++)
            (void)!take(cpu, order);
    for (unsigned int i = seed_below(3); order != 255 && i < SLOTS && take(3, seed_below(10)); i++)
        ;
}

static void run_random(unsigned int cpu)
{
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        if (held[cpu].count == SLOTS || (held[cpu].count > 0 && seed_below(2)))
            give(cpu, seed_below(held[cpu].count));
        else
            (void)!take(cpu, seed_below(3) == 0 ? 0 : seed_below(10));
    }
}

static void random_runs(unsigned long runs)
{
    for (unsigned int variant = 0; variant < 4; variant++) {
        set_up(1 + variant % 2, variant / 2 == 1);
        interleave_random(3, runs, prepare_random, run_random, check_at_rest);
        give_all_back();
    }
}

static void three_cpus_lose_no_frame_in_random_schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kept_seeds); i++) {
        seed_state = kept_seeds[i];
        random_runs(500);
    }
    seed_from_environment();
    random_runs(3000);
}

/* ---- wrong frees at once ---- */

static phys_t freed_twice;
static unsigned int freed_order;

static void begin_twice(void)
{
    hosted_cpu = 0;
    hosted_wrong_count = 0;
    freed_twice = buddy_alloc(freed_order, 0);
    assert_true(phys_is_valid(freed_twice));
}

static void free_it(unsigned int cpu)
{
    (void)cpu;
    if (freed_order == 0)
        frame_free(port_pointer(freed_twice));
    else
        buddy_free(freed_twice, freed_order);
}

static void check_twice(void)
{
    assert_int_equal(hosted_wrong_count, 1);
    drain_all(INTERLEAVE_CPUS);
    assert_int_equal(buddy.free, free_at_start + frames);
    check_buddy_invariants();
}

static void of_two_frees_at_once_one_is_reported(void **state)
{
    static const unsigned int orders[] = { 0, 1, 5, 9 };
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(orders); i++) {
        set_up(2, i % 2 == 1);
        freed_order = orders[i / 2];
        hosted_wrong_expected = true;
        unsigned long runs = interleave_all(2, 4, begin_twice, free_it, check_twice);
        hosted_wrong_expected = false;
        printf("order %u: %lu schedules\n", freed_order, runs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_cpus_lose_no_frame_in_any_schedule),
        cmocka_unit_test(two_cpus_with_caches_lose_no_frame_in_any_schedule),
        cmocka_unit_test(two_cpus_describe_chunks_and_are_refused_nothing),
        cmocka_unit_test(three_cpus_lose_no_frame_in_random_schedules),
        cmocka_unit_test(of_two_frees_at_once_one_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
