/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator, checked and unchecked: contents that no other user writes, sizes and alignment, named
 * caches.
 */
#include "slab_machine.h"
#include "seed.h"

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
    struct piece *piece = &pieces[seed_below((unsigned int)count)];
    size_t size = some_size();
    unsigned int way = seed_below(8);
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

static void no_other_user_writes_to_an_object(void **state)
{
    static struct piece pieces[3000];
    (void)state;
    seed_from_environment();
    static const uint64_t sizes[] = { MIB(16), MIB(64), GIB(6) };
    for (unsigned int i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        machine_pc(sizes[i / 2]);
        start_on(i % 2, 1);
        for (unsigned int n = 0; n < 60000; n++)
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

static void impossible_requests_are_refused(void **state)
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

static unsigned int constructed;

static void construct(void *object)
{
    constructed++;
    memset(object, 'c', 100);
}

static void objects_are_constructed_and_aligned(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        void *objects[500];
        constructed = 0;
        for (size_t alignment = 8; alignment <= PAGE_SIZE; alignment *= 4) {
            struct slab_cache *cache = slab_cache_create("named", 100, alignment, construct);
            assert_non_null(cache);
            for (unsigned int round = 0; round < 2; round++) {
                for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
                    objects[i] = slab_alloc(cache);
                    assert_non_null(objects[i]);
                    assert_true(is_aligned((uintptr_t)objects[i], alignment));
                    for (unsigned int n = 0; n < 100; n++)
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

static void slabs_use_different_cache_colours(void **state)
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

static void a_cache_in_use_is_not_destroyed(void **state)
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

static void caches_are_created_and_destroyed_until_the_table_is_full(void **state)
{
    static struct slab_cache *caches[SLAB_CACHES_MAX];
    (void)state;
    start(false);
    for (unsigned int round = 0; round < 2; round++) {
        size_t count = 0;
        while ((caches[count] = slab_cache_create("many", 24, 0, NULL)) != NULL)
            count++;
        assert_true(count > SLAB_CACHES_MAX - 60 && count < SLAB_CACHES_MAX);
        while (count-- > 0)
            assert_int_equal(slab_cache_destroy(caches[count]), STATUS_OK);
    }
    expect_all_free();
}

static void bulk_operations_equal_single_ones(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_user_writes_to_an_object),
        cmocka_unit_test(size_classes_lose_at_most_a_fifth),
        cmocka_unit_test(impossible_requests_are_refused),
        cmocka_unit_test(objects_are_constructed_and_aligned),
        cmocka_unit_test(slabs_use_different_cache_colours),
        cmocka_unit_test(a_cache_in_use_is_not_destroyed),
        cmocka_unit_test(caches_are_created_and_destroyed_until_the_table_is_full),
        cmocka_unit_test(bulk_operations_equal_single_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
