/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator, checked and unchecked: contents that nobody else writes, wrong frees, memory that runs
 * out, all that comes back, threads that free each other's objects.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include <ashlar/mm/fault.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/mm/slab.h>

#include "buddy_machine.h"
#include "seed.h"

void port_flush(uint64_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

/* Frames that are free or hold the buddy allocator's own tables, which it keeps. */
static uint64_t frames_at_start;

static uint64_t frames_now(void)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

static void start_on(bool is_checked, unsigned cpus)
{
    hosted_cpu = 0;
    hosted_cpu_count = cpus;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    slab_checks_new_caches = is_checked;
    assert_int_equal(machine_start(), STATUS_OK);
    assert_int_equal(slab_init(), STATUS_OK);
    assert_int_equal(kmalloc_init(), STATUS_OK);
    slab_reap();
    frames_at_start = frames_now();
}

static void start(bool is_checked)
{
    machine_pc(MIB(64));
    start_on(is_checked, 1);
}

static struct slab_stats stats_of(const char *name)
{
    struct slab_stats stats;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        if (strcmp(stats.name, name) == 0)
            return stats;
    fail_msg("there is no cache %s", name);
    return stats;
}

static void expect_all_free(void)
{
    struct slab_stats stats;
    slab_reap();
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);) {
        if (strcmp(stats.name, "slab-cache") == 0 || strcmp(stats.name, "slab-quarantine") == 0)
            continue;
        if (stats.in_use != 0 || stats.cached != 0 || stats.slabs != 0)
            fail_msg("%s: %lu slabs, %lu in use, %lu cached", stats.name, stats.slabs, stats.in_use, stats.cached);
    }
    assert_int_equal(kmalloc_blocks().blocks, 0);
    frame_cache_drain();
    assert_int_equal(frames_now(), frames_at_start);
}

/* ---- contents ---- */

struct piece {
    unsigned char *start;
    size_t size;
    unsigned char mark;
};

static void mark(struct piece *piece)
{
    static unsigned char next;
    piece->mark = ++next;
    memset(piece->start, piece->mark, piece->size);
}

static void expect_marked(const struct piece *piece, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(piece->start[i], piece->mark);
}

static size_t some_size(void)
{
    switch (seed_below(8)) {
    case 0:
        return seed_below(20);
    case 1:
        return seed_below(60000);
    case 2:
        return seed_below(9000);
    default:
        return seed_below(1200);
    }
}

static void one_operation(struct piece *pieces, size_t count)
{
    struct piece *piece = &pieces[seed_below((unsigned)count)];
    size_t size = some_size();
    unsigned way = seed_below(8);
    if (piece->start && way > 0) {
        expect_marked(piece, piece->size);
        kfree(piece->start);
        piece->start = NULL;
    } else if (piece->start) {
        unsigned char *moved = krealloc(piece->start, size);
        if (!moved)
            return;
        piece->start = moved;
        expect_marked(piece, piece->size < size ? piece->size : size);
        piece->size = size;
        mark(piece);
    } else {
        piece->start = way == 1 ? kcalloc(size / 4, 4) : kmalloc(size);
        piece->size = way == 1 ? size / 4 * 4 : size;
        if (!piece->start)
            return;
        assert_true(kmalloc_usable_size(piece->start) >= piece->size);
        assert_true(is_aligned((uintptr_t)piece->start, piece->size % 16 == 0 ? 16 : 8));
        for (size_t i = 0; way == 1 && i < piece->size; i++)
            assert_int_equal(piece->start[i], 0);
        mark(piece);
    }
}

static void nobody_else_writes_to_an_object(void **state)
{
    static struct piece pieces[3000];
    (void)state;
    seed_from_environment();
    static const uint64_t sizes[] = { MIB(16), MIB(64), GIB(6) };
    for (unsigned i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        machine_pc(sizes[i / 2]);
        start_on(i % 2, 1);
        for (unsigned n = 0; n < 60000; n++)
            one_operation(pieces, i / 2 == 0 ? 3000 : 300);
        for (size_t n = 0; n < ARRAY_LEN(pieces); n++) {
            if (pieces[n].start)
                expect_marked(&pieces[n], pieces[n].size);
            kfree(pieces[n].start);
            pieces[n].start = NULL;
        }
        expect_all_free();
    }
}

static void size_classes_lose_at_most_a_fifth(void **state)
{
    (void)state;
    start(false);
    for (size_t size = 33; size <= KMALLOC_SLAB_MAX; size++) {
        void *object = kmalloc(size);
        assert_non_null(object);
        assert_true(kmalloc_usable_size(object) >= size);
        assert_true((kmalloc_usable_size(object) - 1) * 4 <= size * 5);
        kfree(object);
    }
    for (size_t size = 16; size <= PAGE_SIZE; size *= 2) {
        void *object = kmalloc(size);
        assert_true(is_aligned((uintptr_t)object, size));
        kfree(object);
    }
    expect_all_free();
}

static void the_impossible_is_refused(void **state)
{
    (void)state;
    start(false);
    assert_null(kmalloc(KMALLOC_MAX + 1));
    assert_null(kmalloc(SIZE_MAX));
    assert_null(kmalloc(MIB(512)));
    assert_null(kcalloc(SIZE_MAX / 4 + 2, 4));
    assert_null(kcalloc(2, SIZE_MAX / 2 + 1));
    assert_null(slab_cache_create("none", 0, 8, NULL));
    assert_null(slab_cache_create("odd", 8, 24, NULL));
    assert_null(slab_cache_create("wide", 8, 2 * PAGE_SIZE, NULL));
    assert_null(slab_cache_create("huge", SLAB_OBJECT_MAX + 1, 8, NULL));
    kfree(NULL);
    void *empty = kmalloc(0);
    assert_non_null(empty);
    char *grown = krealloc(NULL, 10);
    memcpy(grown, "123456789", 10);
    void *failed = krealloc(grown, KMALLOC_MAX + 1);
    assert_null(failed);
    assert_string_equal(grown, "123456789");
    grown = krealloc(grown, 5000);
    assert_string_equal(grown, "123456789");
    kfree(grown);
    kfree(empty);
    expect_all_free();
}

/* ---- named caches ---- */

static unsigned constructed;

static void construct(void *object)
{
    constructed++;
    memset(object, 'c', 100);
}

static void objects_come_constructed_and_aligned(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        void *objects[500];
        constructed = 0;
        for (size_t alignment = 8; alignment <= PAGE_SIZE; alignment *= 4) {
            struct slab_cache *cache = slab_cache_create("named", 100, alignment, construct);
            assert_non_null(cache);
            for (unsigned round = 0; round < 2; round++) {
                for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
                    objects[i] = slab_alloc(cache);
                    assert_non_null(objects[i]);
                    assert_true(is_aligned((uintptr_t)objects[i], alignment));
                    for (unsigned n = 0; n < 100; n++)
                        assert_int_equal(((char *)objects[i])[n], 'c');
                }
                for (size_t i = 0; i < ARRAY_LEN(objects); i++)
                    slab_free(cache, objects[i]);
            }
            assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
        }
        assert_true(constructed > 0);
        expect_all_free();
    }
}

static void objects_begin_at_different_lines_in_different_slabs(void **state)
{
    (void)state;
    start(false);
    struct slab_cache *cache = slab_cache_create("coloured", 700, 0, NULL);
    uint64_t lines = 0;
    void *objects[200];
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        objects[i] = slab_alloc(cache);
        lines |= BIT((uintptr_t)objects[i] % PAGE_SIZE / 64);
    }
    /* 8 KiB hold 11 of 704 bytes, and 448 bytes remain: 8 colours. */
    assert_true(__builtin_popcountll(lines) > 40);
    slab_free_bulk(cache, objects, ARRAY_LEN(objects));
    assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
}

static void a_cache_in_use_does_not_end(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        struct slab_cache *cache = slab_cache_create("busy", 50, 0, NULL);
        void *first = slab_alloc(cache), *second = slab_alloc(cache);
        slab_free(cache, first);
        assert_int_equal(slab_cache_destroy(cache), STATUS_BUSY);
        assert_int_equal(stats_of("busy").in_use, 1);
        slab_free(cache, second);
        assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
        expect_all_free();
    }
}

static void caches_come_and_go_until_there_is_no_place(void **state)
{
    static struct slab_cache *caches[SLAB_CACHES_MAX];
    (void)state;
    start(false);
    for (unsigned round = 0; round < 2; round++) {
        size_t count = 0;
        while ((caches[count] = slab_cache_create("many", 24, 0, NULL)) != NULL)
            count++;
        assert_true(count > SLAB_CACHES_MAX - 60 && count < SLAB_CACHES_MAX);
        while (count-- > 0)
            assert_int_equal(slab_cache_destroy(caches[count]), STATUS_OK);
    }
    expect_all_free();
}

static void bulk_takes_and_gives_like_one_by_one(void **state)
{
    static void *objects[3000];
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        struct slab_cache *cache = slab_cache_create("bulk", 64, 0, NULL);
        for (size_t count = 0; count < ARRAY_LEN(objects); count = count * 2 + 1) {
            assert_int_equal(slab_alloc_bulk(cache, objects, count), count);
            for (size_t i = 0; i < count; i++)
                memset(objects[i], (int)i, 64);
            for (size_t i = 0; i < count; i++)
                for (size_t n = 0; n < 64; n++)
                    assert_int_equal(((unsigned char *)objects[i])[n], (unsigned char)i);
            assert_int_equal(stats_of("bulk").in_use, count);
            slab_free_bulk(cache, objects, count);
            assert_int_equal(stats_of("bulk").in_use, 0);
        }
        assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
        expect_all_free();
    }
}

/* ---- mistakes ---- */

static void expect_wrong(const char *words)
{
    hosted_wrong_expected = false;
    assert_int_equal(hosted_wrong_count, 1);
    if (!strstr(hosted_wrong_words, words))
        fail_msg("expected \"%s\" in \"%s\"", words, hosted_wrong_words);
    hosted_wrong_count = 0;
}

static void wrong_frees_are_noticed_when_the_magazine_is_emptied(void **state)
{
    static unsigned char elsewhere[64];
    (void)state;
    start(false);
    struct slab_cache *one = slab_cache_create("one", 64, 0, NULL), *two = slab_cache_create("two", 64, 0, NULL);
    static const char *const words[] = { "is free already", "is not where an object begins", "belongs to another cache",
                                         "is in no slab" };
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        void *object = slab_alloc(one), *other = slab_alloc(two);
        void *wrong[] = { object, (char *)object + 8, other, elsewhere };
        if (i == 0)
            slab_free(one, object);
        slab_free(one, wrong[i]);
        hosted_wrong_expected = true;
        slab_reap();
        expect_wrong(words[i]);
        if (i > 0)
            slab_free(one, object);
        slab_free(two, other);
    }
    hosted_wrong_expected = true;
    slab_free(one, NULL);
    expect_wrong("NULL was freed");
    assert_int_equal(slab_cache_destroy(one), STATUS_OK);
    assert_int_equal(slab_cache_destroy(two), STATUS_OK);
    expect_all_free();
}

static void a_block_is_freed_once_and_at_its_beginning(void **state)
{
    (void)state;
    start(false);
    char *block = kmalloc(40000);
    hosted_wrong_expected = true;
    kfree(block + PAGE_SIZE);
    expect_wrong("nothing that kmalloc gave begins there");
    hosted_wrong_expected = true;
    kfree(block + 16);
    expect_wrong("nothing that kmalloc gave begins there");
    kfree(block);
    hosted_wrong_expected = true;
    kfree(block);
    expect_wrong("nothing that kmalloc gave begins there");
    void *frame = frame_alloc();
    hosted_wrong_expected = true;
    kfree(frame);
    expect_wrong("nothing that kmalloc gave begins there");
    frame_free(frame);
    expect_all_free();
}

/* A free object's content means nothing to the allocator. */
static void writing_to_free_objects_leads_nobody_astray(void **state)
{
    (void)state;
    start(false);
    void *objects[600];
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            objects[i] = kmalloc(64);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            memset(objects[i], 0x41, 64);
    }
    expect_all_free();
}

static void a_checked_cache_names_each_mistake_at_once(void **state)
{
    (void)state;
    start(true);
    char *object = kmalloc(50);
    kfree(object);
    hosted_wrong_expected = true;
    kfree(object);
    expect_wrong("is free already");

    object = kmalloc(50);
    hosted_wrong_expected = true;
    kfree(object + 8);
    expect_wrong("is not one of its objects");
    kfree(object);

    object = kmalloc(50);
    object[50] = 1; /* behind what was asked for, though the size class has 56 */
    hosted_wrong_expected = true;
    kfree(object);
    expect_wrong("byte 50 of object");

    object = kmalloc(50);
    object[-1] = 1;
    hosted_wrong_expected = true;
    kfree(object);
    expect_wrong("byte -1 of object");
}

static void a_write_after_a_free_is_noticed_when_the_object_is_reused(void **state)
{
    (void)state;
    start(true);
    struct slab_cache *cache = slab_cache_create("stale", 3000, 0, NULL);
    char *object = slab_alloc(cache);
    slab_free(cache, object);
    object[123] = 1;
    hosted_wrong_expected = true;
    for (unsigned i = 0; i < 200 && hosted_wrong_count == 0; i++) {
        void *other = slab_alloc(cache);
        assert_true(i > 5 || other != object); /* it waits in quarantine */
        slab_free(cache, other);
    }
    expect_wrong("byte 123 of object");
}

static void *take_for(struct slab_cache *cache)
{
    return slab_alloc(cache);
}

static void holders_are_listed_by_caller(void **state)
{
    struct slab_holder holders[64];
    (void)state;
    start(true);
    struct slab_cache *cache = slab_cache_create("held", 1000, 0, NULL);
    void *objects[30];
    for (unsigned i = 0; i < 30; i++)
        objects[i] = i < 20 ? slab_alloc(cache) : take_for(cache);
    size_t count = slab_holders(holders, ARRAY_LEN(holders));
    assert_true(count >= 2);
    assert_string_equal(holders[0].cache, "held");
    assert_string_equal(holders[1].cache, "held");
    assert_int_equal(holders[0].objects + holders[1].objects, 30);
    assert_ptr_not_equal(holders[0].caller, holders[1].caller);
    slab_free_bulk(cache, objects, 30);
    assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
}

/* ---- memory runs out ---- */

static void all_memory_is_reachable_and_comes_back(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        for (size_t size = 16; size <= MIB(1); size *= 8) {
            machine_pc(MIB(32));
            start_on(is_checked, 1);
            void **chain = NULL, **next;
            uint64_t got = 0;
            while ((next = kmalloc(size)) != NULL) {
                *next = chain;
                chain = next;
                got += size;
            }
            if (!is_checked && size >= 64 && size <= PAGE_SIZE)
                assert_true(got > frames_at_start * PAGE_SIZE * 85 / 100);
            for (; chain; chain = next) {
                next = *chain;
                kfree(chain);
            }
            expect_all_free();
        }
    }
}

static void *hoard;
static unsigned hoard_asked;

static uint64_t give_hoard(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    assert_true(frames > 0);
    hoard_asked++;
    if (!hoard)
        return 0;
    kfree(hoard);
    hoard = NULL;
    return 16;
}

static void shrinkers_are_asked_before_an_allocation_fails(void **state)
{
    (void)state;
    start(false);
    struct shrinker shrinker = { .name = "hoard", .cost = 1, .shrink = give_hoard };
    shrinker_add(&shrinker);
    hoard = kmalloc(KIB(64));
    hoard_asked = 0;
    void **chain = NULL, **next;
    while (hoard) {
        next = kmalloc(PAGE_SIZE);
        assert_non_null(next); /* not while there is a hoard */
        *next = chain;
        chain = next;
    }
    assert_int_equal(hoard_asked, 1);
    while ((next = kmalloc(PAGE_SIZE)) != NULL) {
        *next = chain;
        chain = next;
    }
    assert_true(hoard_asked > 1);
    shrinker_remove(&shrinker);
    for (; chain; chain = next) {
        next = *chain;
        kfree(chain);
    }
    expect_all_free();
}

/* One object is all that is left of each of many slabs; the others must be usable for another size. */
static void magazines_shrink_under_pressure_and_grow_back(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 1);
    unsigned usual = stats_of("kmalloc-4096").magazine;
    void **chain = NULL, **next;
    while ((next = kmalloc(4096)) != NULL) {
        *next = chain;
        chain = next;
    }
    assert_true(stats_of("kmalloc-4096").magazine < usual);
    for (; chain; chain = next) {
        next = *chain;
        kfree(chain);
    }
    void *objects[100];
    for (unsigned round = 0; round < 500; round++) {
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            objects[i] = kmalloc(4096);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
    }
    assert_int_equal(stats_of("kmalloc-4096").magazine, usual);
    expect_all_free();
}

static void empty_slabs_go_back_by_themselves(void **state)
{
    static void *objects[40000];
    (void)state;
    start(false);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        assert_non_null(objects[i] = kmalloc(128));
    uint64_t slabs = stats_of("kmalloc-128").slabs;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    assert_true(stats_of("kmalloc-128").slabs < slabs * 2 / 3);
    expect_all_free();
}

static void a_depot_gives_back_what_nobody_needs(void **state)
{
    static void *objects[4000];
    (void)state;
    machine_pc(MIB(512));
    start_on(false, 1);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        objects[i] = kmalloc(64);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    uint64_t before = stats_of("kmalloc-64").cached;
    /* From now on 200 at a time are enough. */
    for (unsigned round = 0; round < 2000; round++) {
        for (size_t i = 0; i < 200; i++)
            objects[i] = kmalloc(64);
        for (size_t i = 0; i < 200; i++)
            kfree(objects[i]);
    }
    assert_true(before > 1500);
    assert_true(stats_of("kmalloc-64").cached < 600);
    expect_all_free();
}

/* ---- failures injected ---- */

static bool use_memory(void)
{
    void *objects[40];
    bool is_complete = true;
    struct slab_cache *cache = slab_cache_create("faulty", 200, 0, NULL);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        objects[i] = i % 4 == 0 && cache ? slab_alloc(cache) : kmalloc(i * 300);
        is_complete = is_complete && objects[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    if (cache)
        assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
    return is_complete && cache;
}

static void every_request_can_fail_and_nothing_leaks(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        uint64_t failures = 0;
        for (uint64_t nth = 1;; nth++) {
            struct fault_plan plan = { .nth = nth };
            fault_arm(&plan);
            bool is_complete = use_memory();
            struct fault_counts counts = fault_counts();
            fault_arm(NULL);
            expect_all_free();
            if (counts.failed == 0) {
                assert_true(is_complete);
                break;
            }
            failures += !is_complete;
        }
        assert_true(failures > 30);
    }
}

static void a_rate_fails_about_one_of_so_many_and_the_same_ones(void **state)
{
    (void)state;
    start(false);
    uint64_t failed[3];
    for (unsigned i = 0; i < 3; i++) {
        struct fault_plan plan = { .rate = 10, .seed = i == 2 ? 8 : 7 };
        fault_arm(&plan);
        uint64_t which = 0;
        for (unsigned n = 0; n < 1000; n++) {
            void *object = kmalloc(64);
            which = which * 31 + !object;
            kfree(object);
        }
        failed[i] = which;
        assert_in_range(fault_counts().failed, 50, 200);
        fault_arm(NULL);
    }
    assert_true(failed[0] == failed[1] && failed[1] != failed[2]);
    expect_all_free();
}

static void plans_are_read_and_nonsense_is_refused(void **state)
{
    (void)state;
    struct fault_plan plan = { .nth = 77 };
    static const char *const nonsense[] = { "",       "nth:",  "nth:0", "nth:x",  "nth:1 ", "10",
                                            "0,1",    "10,",   ",5",    "10,5,1", "-1,5",   "nth:18446744073709551616",
                                            "10;5" };
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_int_equal(fault_parse(nonsense[i], &plan), STATUS_INVALID);
    assert_int_equal(plan.nth, 77);
    assert_int_equal(fault_parse("nth:12", &plan), STATUS_OK);
    assert_true(plan.nth == 12 && plan.rate == 0);
    assert_int_equal(fault_parse("100,42", &plan), STATUS_OK);
    assert_true(plan.nth == 0 && plan.rate == 100 && plan.seed == 42);
}

/* ---- several CPUs; one thread that plays them in turn ---- */

static void what_one_cpu_frees_another_one_gets(void **state)
{
    static void *objects[2000];
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 2);
    for (unsigned round = 0; round < 100; round++) {
        hosted_cpu = 0;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            assert_non_null(objects[i] = kmalloc(256));
        hosted_cpu = 1;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
    }
    /* Memory went round: one way only, it would be 200,000 objects. */
    struct slab_stats stats = stats_of("kmalloc-256");
    assert_true(stats.slabs * stats.per_slab < 2 * ARRAY_LEN(objects));
    slab_reap();
    hosted_cpu = 0;
    expect_all_free();
}

static void another_cpu_gives_its_magazines_when_it_is_next_there(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 2);
    hosted_cpu = 1;
    void *object = kmalloc(64);
    kfree(object);
    hosted_cpu = 0;
    slab_reap();
    assert_true(stats_of("kmalloc-64").cached > 0);
    hosted_cpu = 1;
    kfree(kmalloc(2048)); /* another cache's slow path will do */
    assert_int_equal(stats_of("kmalloc-64").cached, 0);
    slab_reap();
    hosted_cpu = 0;
    expect_all_free();
}

static void objects_of_another_node_find_their_way_home(void **state)
{
    static void *objects[6000];
    static const struct buddy_node_range nodes[] = { { { 0 }, { MIB(100) }, 0 }, { { MIB(100) }, { MIB(256) }, 1 } };
    (void)state;
    machine_pc(MIB(256));
    machine.setup.node_ranges = nodes;
    machine.setup.node_range_count = 2;
    machine.setup.node_count = 2;
    start_on(false, 2);
    buddy_set_cpu_node(1, 1);
    for (unsigned round = 0; round < 3; round++) {
        hosted_cpu = 1;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
            assert_non_null(objects[i] = kmalloc(64));
            assert_int_equal(buddy_node_of(port_phys(objects[i])), 1);
        }
        hosted_cpu = 0; /* on node 0 */
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
        unsigned strangers = 0;
        for (size_t i = 0; i < 1000; i++) {
            objects[i] = kmalloc(64);
            strangers += buddy_node_of(port_phys(objects[i])) == 1;
        }
        assert_true(strangers < 300); /* two magazines at most */
        for (size_t i = 0; i < 1000; i++)
            kfree(objects[i]);
    }
    slab_reap();
    hosted_cpu = 1;
    slab_reap();
    hosted_cpu = 0;
    expect_all_free();
}

/* ---- threads ---- */

#define THREADS 4
#define SHARED  512

static struct {
    _Atomic(uint64_t *) slot;
} shared[SHARED];

/* The first and last word of an object name it. */
static void *work(void *argument)
{
    hosted_cpu = (unsigned)(uintptr_t)argument;
    uint64_t random = hosted_cpu * 7919 + 1;
    for (unsigned i = 0; i < 60000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned choice = (unsigned)(random >> 33);
        uint64_t *object = NULL;
        size_t words = 3 + choice % (choice & 64 ? 1024 : 60);
        if (choice & 128)
            object = kmalloc(words * sizeof(uint64_t));
        if (object) {
            object[0] = words;
            object[1] = (uint64_t)(uintptr_t)object;
            object[words - 1] = ~(uint64_t)(uintptr_t)object;
        }
        object = __atomic_exchange_n((uint64_t **)&shared[(choice >> 8) % SHARED].slot, object, __ATOMIC_ACQ_REL);
        if (!object)
            continue;
        if (object[1] != (uint64_t)(uintptr_t)object || object[object[0] - 1] != ~(uint64_t)(uintptr_t)object)
            abort();
        object[1] = object[object[0] - 1] = 0;
        kfree(object);
        if (i % 20000 == 0)
            slab_reap();
    }
    slab_reap();
    return NULL;
}

static void run_threads(bool is_checked, uint64_t size)
{
    machine_pc(size);
    start_on(is_checked, THREADS);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < SHARED; i++) {
        kfree(shared[i].slot);
        shared[i].slot = NULL;
    }
    for (hosted_cpu = 0; hosted_cpu < THREADS; hosted_cpu++) {
        slab_reap();
        frame_cache_drain();
    }
    hosted_cpu = 0;
    expect_all_free();
}

static void threads_free_each_others_objects_and_all_comes_back(void **state)
{
    (void)state;
    run_threads(false, MIB(64));
    run_threads(true, MIB(64));
    run_threads(false, MIB(8)); /* with memory running out all the time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_writes_to_an_object),
        cmocka_unit_test(size_classes_lose_at_most_a_fifth),
        cmocka_unit_test(the_impossible_is_refused),
        cmocka_unit_test(objects_come_constructed_and_aligned),
        cmocka_unit_test(objects_begin_at_different_lines_in_different_slabs),
        cmocka_unit_test(a_cache_in_use_does_not_end),
        cmocka_unit_test(caches_come_and_go_until_there_is_no_place),
        cmocka_unit_test(bulk_takes_and_gives_like_one_by_one),
        cmocka_unit_test(wrong_frees_are_noticed_when_the_magazine_is_emptied),
        cmocka_unit_test(a_block_is_freed_once_and_at_its_beginning),
        cmocka_unit_test(writing_to_free_objects_leads_nobody_astray),
        cmocka_unit_test(a_checked_cache_names_each_mistake_at_once),
        cmocka_unit_test(a_write_after_a_free_is_noticed_when_the_object_is_reused),
        cmocka_unit_test(holders_are_listed_by_caller),
        cmocka_unit_test(all_memory_is_reachable_and_comes_back),
        cmocka_unit_test(shrinkers_are_asked_before_an_allocation_fails),
        cmocka_unit_test(magazines_shrink_under_pressure_and_grow_back),
        cmocka_unit_test(empty_slabs_go_back_by_themselves),
        cmocka_unit_test(a_depot_gives_back_what_nobody_needs),
        cmocka_unit_test(every_request_can_fail_and_nothing_leaks),
        cmocka_unit_test(a_rate_fails_about_one_of_so_many_and_the_same_ones),
        cmocka_unit_test(plans_are_read_and_nonsense_is_refused),
        cmocka_unit_test(what_one_cpu_frees_another_one_gets),
        cmocka_unit_test(another_cpu_gives_its_magazines_when_it_is_next_there),
        cmocka_unit_test(objects_of_another_node_find_their_way_home),
        cmocka_unit_test(threads_free_each_others_objects_and_all_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
