/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator on several CPUs, which free each other's objects.
 */
#include <ashlar/prng.h>
#include "slab_machine.h"

#include <pthread.h>

/* ---- several CPUs; one thread that plays them in turn ---- */

static void an_object_freed_on_one_cpu_is_allocated_on_another(void **state)
{
    static void *objects[2000];
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 2);
    for (unsigned int round = 0; round < 100; round++) {
        hosted_cpu = 0;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            assert_non_null(objects[i] = kmalloc(256));
        hosted_cpu = 1;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
    }
    /* Memory was reused: otherwise it would be 200,000 objects. */
    struct slab_stats stats = stats_of("kmalloc-256");
    assert_true(stats.slabs * stats.per_slab < 2 * ARRAY_LEN(objects));
    slab_reap();
    hosted_cpu = 0;
    expect_all_free();
}

static void a_drain_request_is_honoured_at_the_next_operation_of_the_cpu(void **state)
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
    /* Other caches' slow paths suffice; each drains the magazines of some caches to the depots. */
    for (size_t size = 8192; size > 1024; size -= 512)
        kfree(kmalloc(size));
    hosted_cpu = 0;
    slab_reap();
    assert_int_equal(stats_of("kmalloc-64").cached, 0);
    hosted_cpu = 1;
    slab_reap();
    hosted_cpu = 0;
    expect_all_free();
}

static unsigned int called;

static void call_all(void (*function)(void *argument), void *argument)
{
    unsigned int me = hosted_cpu;
    for (hosted_cpu = 0; hosted_cpu < hosted_cpu_count; hosted_cpu++)
        function(argument);
    hosted_cpu = me;
    called++;
}

static void idle_cpus_drain_their_magazines_by_cross_call(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 4);
    for (hosted_cpu = 1; hosted_cpu < 4; hosted_cpu++)
        for (size_t size = 16; size <= 8192; size *= 2)
            kfree(kmalloc(size));
    hosted_cpu = 0;
    slab_reap();
    assert_true(stats_of("kmalloc-64").cached > 0 && stats_of("kmalloc-8192").cached > 0);
    uint64_t free_before = buddy_free_frames();
    /* One frame is found in the first cache that has some. */
    called = 0;
    assert_true(slab_collect(call_all, 1) >= 1);
    assert_int_equal(called, 1);
    uint64_t given = slab_collect(call_all, UINT64_MAX);
    assert_true(given > 0 && buddy_free_frames() >= free_before + given);
    struct slab_stats stats;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        assert_int_equal(stats.cached, 0);
    /* No CPU has anything: no CPU is called. */
    called = 0;
    assert_int_equal(slab_collect(call_all, UINT64_MAX), 0);
    assert_int_equal(called, 0);
    expect_all_free();
}

static void remote_node_objects_return_to_their_home_node(void **state)
{
    static void *objects[6000];
    static const struct buddy_node_range nodes[] = { { { 0 }, { MIB(100) }, 0 },
                                                     { { MIB(100) }, { MIB(256) }, 1 } };
    (void)state;
    machine_pc(MIB(256));
    machine.setup.node_ranges = nodes;
    machine.setup.node_range_count = 2;
    machine.setup.node_count = 2;
    start_on(false, 2);
    buddy_set_cpu_node(1, 1);
    for (unsigned int round = 0; round < 3; round++) {
        hosted_cpu = 1;
        for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
            assert_non_null(objects[i] = kmalloc(64));
            assert_int_equal(buddy_node_of(port_phys(objects[i])), 1);
        }
        hosted_cpu = 0; /* on node 0 */
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
        unsigned int remote = 0;
        for (size_t i = 0; i < 1000; i++) {
            objects[i] = kmalloc(64);
            remote += buddy_node_of(port_phys(objects[i])) == 1;
        }
        assert_true(remote < 300); /* two magazines at most */
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
    hosted_cpu = (unsigned int)(uintptr_t)argument;
    uint64_t state = hosted_cpu * 7919 + 1;
    for (unsigned int i = 0; i < 60000; i++) {
        unsigned int choice = (unsigned int)(prng_next(&state) >> 33);
        uint64_t *object = NULL;
        size_t words = 3 + choice % (choice & 64 ? 1024 : 60);
        if (choice & 128)
            object = kmalloc(words * sizeof(uint64_t));
        if (object) {
            object[0] = words;
            object[1] = (uint64_t)(uintptr_t)object;
            object[words - 1] = ~(uint64_t)(uintptr_t)object;
        }
        object =
            __atomic_exchange_n((uint64_t **)&shared[(choice >> 8) % SHARED].slot, object, __ATOMIC_ACQ_REL);
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

static void run_on_all(void *(*function)(void *cpu))
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, function, (void *)i);
    for (unsigned int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void expect_all_free_on_all(void)
{
    for (hosted_cpu = 0; hosted_cpu < THREADS; hosted_cpu++) {
        slab_reap();
        frame_cache_drain();
    }
    hosted_cpu = 0;
    expect_all_free();
}

static void run_threads(bool is_checked, uint64_t size)
{
    machine_pc(size);
    start_on(is_checked, THREADS);
    run_on_all(work);
    for (size_t i = 0; i < SHARED; i++) {
        kfree(shared[i].slot);
        shared[i].slot = NULL;
    }
    expect_all_free_on_all();
}

static void threads_free_each_others_objects_and_none_is_lost(void **state)
{
    (void)state;
    run_threads(false, MIB(64));
    run_threads(true, MIB(64));
    run_threads(false, MIB(8)); /* with memory running out all the time */
}

static unsigned int makers; /* atomic: threads that still make caches */

/* Two CPUs make and end caches, two walk over all that there are. */
static void *make_or_walk(void *argument)
{
    hosted_cpu = (unsigned int)(uintptr_t)argument;
    if (hosted_cpu % 2) {
        while (__atomic_load_n(&makers, __ATOMIC_RELAXED) > 0)
            slab_reap();
        return NULL;
    }
    for (unsigned int i = 0; i < 10000; i++) {
        struct slab_cache *cache = slab_cache_create("brief", 40 + i % 100, 0, NULL);
        uint64_t *object = cache ? slab_alloc(cache) : NULL;
        if (!object)
            abort();
        *object = i;
        slab_free(cache, object);
        if (slab_cache_destroy(cache) != STATUS_OK)
            abort();
    }
    __atomic_fetch_sub(&makers, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void a_cache_is_not_destroyed_while_another_cpu_uses_it(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start_on(false, THREADS);
    makers = 2;
    run_on_all(make_or_walk);
    expect_all_free_on_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_freed_on_one_cpu_is_allocated_on_another),
        cmocka_unit_test(a_drain_request_is_honoured_at_the_next_operation_of_the_cpu),
        cmocka_unit_test(idle_cpus_drain_their_magazines_by_cross_call),
        cmocka_unit_test(remote_node_objects_return_to_their_home_node),
        cmocka_unit_test(threads_free_each_others_objects_and_none_is_lost),
        cmocka_unit_test(a_cache_is_not_destroyed_while_another_cpu_uses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
