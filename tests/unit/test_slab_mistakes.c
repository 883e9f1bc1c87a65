/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mistakes of the slab allocator's users: wrong frees, writes outside an object and after its free, leaks.
 * Each is detected and reported.
 */
#include "slab_machine.h"

static void expect_wrong(const char *words)
{
    hosted_wrong_expected = false;
    assert_int_equal(hosted_wrong_count, 1);
    if (!strstr(hosted_wrong_words, words))
        fail_msg("expected \"%s\" in \"%s\"", words, hosted_wrong_words);
    hosted_wrong_count = 0;
}

static void wrong_frees_are_reported_when_the_magazine_is_emptied(void **state)
{
    static unsigned char elsewhere[64];
    (void)state;
    start(false);
    struct slab_cache *one = slab_cache_create("one", 64, 0, NULL),
                      *two = slab_cache_create("two", 64, 0, NULL);
    static const char *const words[] = { "is free already", "is not where an object begins",
                                         "belongs to another cache", "is in no slab" };
    for (unsigned int i = 0; i < ARRAY_LEN(words); i++) {
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

static void a_block_is_freed_once_and_at_its_start(void **state)
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
static void writing_to_free_objects_does_not_corrupt_the_free_list(void **state)
{
    (void)state;
    start(false);
    void *objects[600];
    for (unsigned int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            objects[i] = kmalloc(64);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            memset(objects[i], 0x41, 64);
    }
    expect_all_free();
}

static void a_checked_cache_reports_each_mistake_at_once(void **state)
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
    object[50] = 1; /* after the requested size, though the size class has 56 */
    hosted_wrong_expected = true;
    kfree(object);
    expect_wrong("byte 50 of object");

    object = kmalloc(50);
    object[-1] = 1;
    hosted_wrong_expected = true;
    kfree(object);
    expect_wrong("byte -1 of object");
}

/* Also over the checker's data after the object, which it then does not trust. The next object of the slab
 * follows, so each object gets its own slab. */
static void overruns_of_any_length_are_reported(void **state)
{
    (void)state;
    for (unsigned int length = 1; length < 300; length++)
        for (unsigned int value = 0; value < 3; value++) {
            start(true);
            unsigned char *object = kmalloc(32);
            memset(object + 32, (int[]){ 0, 0xff, 0x41 }[value], length);
            assert_true(kmalloc_usable_size(object) <= 32);
            hosted_wrong_expected = true;
            kfree(object);
            expect_wrong(length <= 16 ? "byte 32 of object" : "was written far past its end");
        }
}

static void overruns_of_blocks_are_reported(void **state)
{
    static const size_t sizes[] = {
        KMALLOC_SLAB_MAX + 1, 12288, 16384, 16384 - 16, 20000, 32767, MIB(1) + 5
    };
    (void)state;
    for (unsigned int i = 0; i < ARRAY_LEN(sizes); i++) {
        start(true);
        unsigned char *block = kmalloc(sizes[i]);
        assert_non_null(block);
        assert_int_equal(kmalloc_usable_size(block), sizes[i]);
        memset(block, 0x55, sizes[i]);
        kfree(block);
        assert_int_equal(hosted_wrong_count, 0);
        expect_all_free();

        block = kmalloc(sizes[i]);
        block[sizes[i]] = 1;
        hosted_wrong_expected = true;
        kfree(block);
        expect_wrong("of block");

        block = kmalloc(sizes[i]);
        size_t whole = PAGE_SIZE << frame_order(port_frame_of(block));
        block[whole - 20] ^= 1;
        hosted_wrong_expected = true;
        kfree(block);
        expect_wrong("far past its end");
    }
}

static void a_checked_block_that_is_resized_moves(void **state)
{
    (void)state;
    start(true);
    unsigned char *block = kmalloc(20000), *moved;
    memset(block, 0x77, 20000);
    moved = krealloc(block, 20100);
    assert_ptr_not_equal(moved, block);
    for (unsigned int i = 0; i < 20000; i++)
        assert_int_equal(moved[i], 0x77);
    hosted_wrong_expected = true;
    kfree(block);
    expect_wrong("nothing that kmalloc gave begins there");
    kfree(moved);
    expect_all_free();
}

static void a_write_after_free_is_reported_when_the_object_is_reused(void **state)
{
    (void)state;
    start(true);
    struct slab_cache *cache = slab_cache_create("stale", 3000, 0, NULL);
    char *object = slab_alloc(cache);
    slab_free(cache, object);
    object[123] = 1;
    hosted_wrong_expected = true;
    for (unsigned int i = 0; i < 200 && hosted_wrong_count == 0; i++) {
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
    struct slab_cache *cache = slab_cache_create("held", 2000, 0, NULL);
    void *objects[30];
    for (unsigned int i = 0; i < 30; i++)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_frees_are_reported_when_the_magazine_is_emptied),
        cmocka_unit_test(a_block_is_freed_once_and_at_its_start),
        cmocka_unit_test(writing_to_free_objects_does_not_corrupt_the_free_list),
        cmocka_unit_test(a_checked_cache_reports_each_mistake_at_once),
        cmocka_unit_test(overruns_of_any_length_are_reported),
        cmocka_unit_test(overruns_of_blocks_are_reported),
        cmocka_unit_test(a_checked_block_that_is_resized_moves),
        cmocka_unit_test(a_write_after_free_is_reported_when_the_object_is_reused),
        cmocka_unit_test(holders_are_listed_by_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
