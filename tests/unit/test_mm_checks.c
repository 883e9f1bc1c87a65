/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of the allocators' own data: each invariant is broken by hand, and the next
 * operation that touches it ends the program and names it.
 */
#include "slab_machine.h"

#include "expect_death.h"

#include "../../mm/frames/block_cache.h"
#include "../../mm/slab/slab_private.h"

/* ---- the tree ---- */

/* A frame past the caches, so that its chunk is split and both operations touch it. */
static phys_t frame;
static struct place place;

static void take_frame(void)
{
    frame = buddy_alloc_where(0, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
    if (!phys_is_valid(frame) || !buddy_find(phys_to_pfn(frame), &place))
        abort();
}

static void change_tree(void)
{
    buddy_free(frame, 0);
}

static void chunk_has_lost_frames(void)
{
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        place.region->chunks[place.chunk].word[word] = 0;
    change_tree();
}

static void chunk_has_a_wrong_hint(void)
{
    place.region->hints[place.chunk / 64][8] ^= BIT(place.chunk % 64);
    change_tree();
}

static void region_has_a_wrong_hint(void)
{
    buddy.hints[BITS512_ORDERS - 1][place.number / 64] ^= BIT(place.number % 64);
    change_tree();
}

static void region_has_a_wrong_order(void)
{
    place.region->whole_orders++;
    change_tree();
}

static void region_has_a_wrong_hint_of_chunks(void)
{
    buddy.hints[CHUNK_ORDER + place.region->whole_orders][place.number / 64] ^= BIT(place.number % 64);
    change_tree();
}

static void all_chunks_of_a_region_are_free(void)
{
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        place.region->whole.word[word] = UINT64_MAX;
    spin_lock(&buddy.lock);
    buddy_check_region_locked(place.number, place.chunk);
}

static void frame_is_free_twice(void)
{
    place.region->whole.word[place.chunk / 64] |= BIT(place.chunk % 64);
    spin_lock(&buddy.lock);
    uint64_t mask;
    (void)buddy_take_some_locked(&place, 1, &mask);
}

static void taken_block_is_free(void)
{
    spin_lock(&buddy.lock);
    struct place free = place;
    free.frame ^= 1;
    if (!buddy_is_set(place.region->chunks[place.chunk].word, free.frame))
        abort();
    buddy_check_taken_locked(pfn_add(buddy_chunk_start(place.region, place.chunk), free.frame), 0);
}

static void count_of_free_frames_is_wrong(void)
{
    buddy.free++;
    for (unsigned int i = 0; i < 10000; i++) {
        change_tree();
        take_frame();
    }
}

static void broken_trees_are_noticed(void **state)
{
    (void)state;
    start(false);
    take_frame();
    assert_int_equal(place.region->orders[place.chunk], BITS512_ORDERS);
    expect_death(chunk_has_lost_frames, "a chunk's orders");
    expect_death(chunk_has_a_wrong_hint, "a chunk's hints");
    expect_death(region_has_a_wrong_hint, "a region's hints say");
    expect_death(region_has_a_wrong_order, "a region's orders");
    expect_death(region_has_a_wrong_hint_of_chunks, "a region's hints are");
    expect_death(all_chunks_of_a_region_are_free, "512 free chunks are one free region");
    expect_death(frame_is_free_twice, "a chunk that is free as a whole");
    expect_death(taken_block_is_free, "a block that was taken is not free");
    expect_death(count_of_free_frames_is_wrong, "the count of free frames");
    buddy_free(frame, 0);
}

/* ---- stacks ---- */

static void frame_in_the_stack_is_in_use(void)
{
    void *page = frame_alloc();
    frame_free(page);
    port_frame(page)->state = frame_state(FRAME_SLAB, 0, 0);
    frame_cache_drain();
}

static void stack_of_frames_overflows(void)
{
    PORT_MINE(frame_cache).stack.top =
        (void **)(PORT_MINE(frame_cache).slots + PORT_MINE(frame_cache).size + 1);
    frame_cache_drain();
}

static void stack_of_blocks_overflows(void)
{
    PORT_MINE(block_cache).of[1].count = BLOCK_STACK_SIZE + 1;
    frame_cache_drain();
}

static void broken_stacks_are_noticed(void **state)
{
    (void)state;
    start(false);
    expect_death(frame_in_the_stack_is_in_use, "the descriptor of a frame in the stack");
    expect_death(stack_of_frames_overflows, "the top of the stack");
    expect_death(stack_of_blocks_overflows, "a stack of blocks");
}

/* ---- slabs ---- */

static struct slab_cache *cache;
static void *object;
static struct slab *slab;
static struct slab_node *home;

static void take_object(void)
{
    cache = slab_cache_create("subject", 64, 0, NULL);
    object = slab_take_one(cache);
    slab = slab_find(object);
    home = &cache->nodes[slab->node];
}

static void give_object(void)
{
    (void)slab_give(cache, &object, 1, NULL);
}

static void slab_has_a_wrong_count(void)
{
    slab->free_count--;
    give_object();
}

static void slab_has_a_bit_beyond_its_objects(void)
{
    unsigned int beyond = cache->per_slab;
    slab->free[beyond / 64] |= BIT(beyond % 64);
    slab->free_count++;
    give_object();
}

static void slab_is_in_a_broken_list(void)
{
    static struct list elsewhere;
    list_init(&elsewhere);
    slab->link.next = &elsewhere;
    (void)slab_take_one(cache);
}

static void slab_is_in_the_lists_of_another_cache(void)
{
    slab->cache++;
    (void)slab_take_one(cache);
}

static void node_has_a_wrong_count_of_empty_slabs(void)
{
    home->empty++;
    (void)slab_take_one(cache);
}

static void node_has_too_few_free_objects(void)
{
    home->free = 1;
    (void)slab_take_one(cache);
}

static void node_has_too_many_free_objects(void)
{
    home->free += cache->per_slab;
    (void)slab_take_one(cache);
}

static void partial_slab_is_in_no_list(void)
{
    list_remove(&slab->link);
    (void)slab_take_one(cache);
}

static void full_slab_is_not_full(void)
{
    for (unsigned int i = 1; i < cache->per_slab; i++)
        (void)slab_take_one(cache);
    slab->free_count = 1;
    (void)slab_take_one(cache);
}

static void broken_slabs_are_noticed(void **state)
{
    (void)state;
    start(false);
    take_object();
    expect_death(slab_has_a_wrong_count, "a slab's count of free objects");
    expect_death(slab_has_a_bit_beyond_its_objects, "a free bit stands for an object");
    expect_death(slab_is_in_a_broken_list, "a slab's neighbours");
    expect_death(slab_is_in_the_lists_of_another_cache, "in the lists of its cache");
    expect_death(node_has_a_wrong_count_of_empty_slabs, "empty slabs are the last");
    expect_death(node_has_too_few_free_objects, "a node's free objects");
    expect_death(node_has_too_many_free_objects, "no more empty slabs and free objects");
    expect_death(partial_slab_is_in_no_list, "free objects are in partial slabs");
    expect_death(full_slab_is_not_full, "a full slab");
    give_object();
    assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
    expect_all_free();
}

/* ---- magazines and depots ---- */

/* So many are a full magazine for the depot, and two for this CPU. */
#define OBJECTS 1000

static void free_many(void)
{
    void *objects[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i] = slab_alloc(cache);
    for (size_t i = 0; i < OBJECTS; i++)
        slab_free(cache, objects[i]);
}

static void depot_has_a_wrong_count(void)
{
    home->count[EMPTIED]++;
    free_many();
}

static void depot_has_more_unneeded_than_it_has(void)
{
    home->unneeded[EMPTIED] = home->count[EMPTIED] + 2;
    free_many();
}

static void depot_has_objects_without_magazines(void)
{
    home->objects = 0;
    free_many();
}

static void magazine_of_the_depot_overflows(void)
{
    home->first[FILLED]->count = home->first[FILLED]->capacity + 1u;
    home->objects++;
    free_many();
}

static void magazine_has_an_object_in_slot_0(void)
{
    PORT_MINE(magazine_pairs).of[cache->number].previous->slots[0] = object;
    free_many();
}

static void broken_magazines_are_noticed(void **state)
{
    (void)state;
    start(false);
    take_object();
    free_many();
    assert_true(home->count[FILLED] > 0);
    expect_death(depot_has_a_wrong_count, "a depot's count of magazines");
    expect_death(depot_has_more_unneeded_than_it_has, "a depot has no fewer magazines");
    expect_death(depot_has_objects_without_magazines, "a depot's objects");
    expect_death(magazine_of_the_depot_overflows, "a magazine holds no more than its capacity");
    expect_death(magazine_has_an_object_in_slot_0, "slot 0 of a magazine");
    give_object();
    slab_reap();
    assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
    expect_all_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_trees_are_noticed),
        cmocka_unit_test(broken_stacks_are_noticed),
        cmocka_unit_test(broken_slabs_are_noticed),
        cmocka_unit_test(broken_magazines_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
