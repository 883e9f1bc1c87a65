/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleavings of the real slab allocator over the real buddy allocator: magazines that are exchanged with
 * depots, slabs that are created and freed, while another CPU frees objects of this one. No object has two
 * owners, and when all are free and each CPU has been reaped, every frame is back.
 */
#include "interleave.h"
#include "slab_machine.h"

/* Seeds that are tried each time. */
static const uint64_t kept_seeds[] = { 3, 99, 1234 };

#define OBJECTS 160 /* several magazines */
#define SIZES   4

static const size_t sizes[SIZES] = { 16, 192, 1024, 3000 };

/* What any CPU may free; a tag at its start marks it as allocated. */
static struct {
    uint64_t *object;
    uint64_t tag;
} pool[OBJECTS];
static unsigned int pool_count;
static uint64_t next_tag;

static bool add_object(size_t size)
{
    if (pool_count == OBJECTS)
        return false;
    uint64_t *object = kmalloc(size);
    /* Others may have filled it meanwhile. */
    if (!object || pool_count == OBJECTS) {
        kfree(object);
        return false;
    }
    for (unsigned int i = 0; i < pool_count; i++)
        assert_ptr_not_equal(pool[i].object, object);
    *object = ++next_tag;
    pool[pool_count].object = object;
    pool[pool_count++].tag = next_tag;
    return true;
}

static void free_object(unsigned int index)
{
    uint64_t *object = pool[index].object;
    assert_int_equal(*object, pool[index].tag);
    pool[index] = pool[--pool_count];
    *object = 0;
    kfree(object);
}

static void on_cpu(unsigned int cpu)
{
    hosted_cpu = cpu + 1;
}

static void begin_on(unsigned int cpus)
{
    machine_pc(MIB(32));
    interleave.switched = on_cpu;
    start_on(false, cpus + 1);
    pool_count = 0;
}

static void check_all_is_back(unsigned int cpus)
{
    for (unsigned int pass = 0; pass < 2; pass++)
        for (hosted_cpu = 0; hosted_cpu <= cpus; hosted_cpu++)
            slab_reap();
    hosted_cpu = 0;
    assert_int_equal(frames_now(), frames_at_start);
    assert_int_equal(hosted_wrong_count, 0);
}

/* ---- all schedules ---- */

static size_t size_now;
static unsigned int moved;

/* CPU 0 allocates, CPU 1 frees; a magazine's worth and more each. */
static void take_or_free(unsigned int cpu)
{
    for (unsigned int i = 0; i < moved; i++) {
        if (cpu == 0)
            (void)!add_object(size_now);
        else if (pool_count > 0)
            free_object(0);
    }
}

static void begin_half_full(void)
{
    hosted_cpu = 0;
    while (pool_count > 0)
        free_object(pool_count - 1);
    check_all_is_back(2);
    while (pool_count < OBJECTS / 2 && add_object(size_now))
        ;
}

static void check_tags(void)
{
    for (unsigned int i = 0; i < pool_count; i++)
        assert_int_equal(*pool[i].object, pool[i].tag);
}

static void one_cpu_allocates_what_another_frees_in_any_schedule(void **state)
{
    (void)state;
    for (unsigned int i = 1; i < SIZES; i++) {
        begin_on(2);
        size_now = sizes[i];
        moved = 48;
        unsigned long runs = interleave_all(2, 1, begin_half_full, take_or_free, check_tags);
        begin_half_full();
        printf("%zu bytes: %lu schedules\n", size_now, runs);
        while (pool_count > 0)
            free_object(pool_count - 1);
        check_all_is_back(2);
    }
}

/* ---- random ---- */

static void begin_random(void)
{
    hosted_cpu = 0;
}

static void run_random(unsigned int cpu)
{
    (void)cpu;
    for (unsigned int round = 0; round < 6; round++) {
        size_t size = sizes[seed_below(SIZES)];
        bool is_taking = seed_below(2);
        for (unsigned int i = 1 + seed_below(60); i > 0; i--) {
            if (is_taking)
                (void)!add_object(size);
            else if (pool_count > 0)
                free_object(seed_below(pool_count));
        }
        if (seed_below(8) == 0)
            slab_reap();
    }
}

static void check_random(void)
{
    static unsigned int runs;
    check_tags();
    if (++runs % 16 != 0)
        return;
    hosted_cpu = 0;
    while (pool_count > 0)
        free_object(pool_count - 1);
    check_all_is_back(3);
}

static void three_cpus_lose_no_object_in_random_schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(kept_seeds); i++) {
        begin_on(3);
        if (i < ARRAY_LEN(kept_seeds))
            seed_state = kept_seeds[i];
        else
            seed_from_environment();
        interleave_random(3, 320, begin_random, run_random, check_random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cpu_allocates_what_another_frees_in_any_schedule),
        cmocka_unit_test(three_cpus_lose_no_object_in_random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
