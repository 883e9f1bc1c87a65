/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How seldom magazines cross between a CPU and a depot.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#include "buddy_machine.h"

#include "../../mm/slab/slab_private.h"

#define ROUNDS 20

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

/* Two each: after one object the CPU would be between the edges again, with one magazine too. */
static void take_and_give(struct slab_cache *cache)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        void *one = slab_alloc(cache), *other = slab_alloc(cache);
        slab_free(cache, one);
        slab_free(cache, other);
    }
}

static void alternating_alloc_and_free_does_not_use_the_depot(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    hosted_cpu_count = 1;
    slab_checks_new_caches = false;
    assert_int_equal(machine_start(), STATUS_OK);
    assert_int_equal(slab_init(), STATUS_OK);
    assert_int_equal(kmalloc_init(), STATUS_OK);
    struct slab_cache *cache = slab_cache_create("edge", 64, 0, NULL);
    assert_non_null(cache);

    /* Wherever the edge is: one more object is kept each time, through three magazines. */
    void *kept[1024];
    unsigned int count = 3 * magazine_capacity(cache);
    assert_in_range(count, 3, ARRAY_LEN(kept));
    for (unsigned int i = 0; i < count; i++) {
        kept[i] = slab_alloc(cache);
        uint32_t before = cache->nodes[0].exchanges;
        take_and_give(cache);
        /* The depot may be used for a filled magazine, and for an empty one to fill. */
        assert_in_range(cache->nodes[0].exchanges - before, 0, 2);
    }
    for (unsigned int i = 0; i < count; i++)
        slab_free(cache, kept[i]);
    assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alternating_alloc_and_free_does_not_use_the_depot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
