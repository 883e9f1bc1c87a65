/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA on this machine: a request for memory of a node is met there, or on the nearest node.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>

KTEST(numa, a_requested_node_is_used)
{
    if (buddy_node_count() < 2)
        SKIP_TEST("this machine has one node");
    for (unsigned int node = 0; node < buddy_node_count(); node++) {
        if (buddy_free_frames_of(node) < 1000)
            continue;
        for (unsigned int order = 0; order < 6; order++) {
            phys_t block = buddy_alloc_where(order, BUDDY_THIS_NODE, BUDDY_ANYWHERE, node);
            EXPECT(phys_is_valid(block) && buddy_node_of(block) == node);
            EXPECT(phys_is_valid(block) && buddy_node_of(phys_add(block, (PAGE_SIZE << order) - 1)) == node);
            if (phys_is_valid(block))
                buddy_free(block, order);
        }
    }
}

KTEST(numa, an_exhausted_node_falls_back_to_another)
{
    if (buddy_node_count() < 2)
        SKIP_TEST("this machine has one node");
    static phys_t taken[2048];
    phys_t block;
    unsigned int count = 0, node = buddy_home_node(), order = 9;
    while (count < ARRAY_LEN(taken) &&
           phys_is_valid(block = buddy_alloc_where(order, BUDDY_THIS_NODE, BUDDY_ANYWHERE, node)))
        taken[count++] = block;
    if (count < ARRAY_LEN(taken)) {
        block = buddy_alloc_where(order, 0, BUDDY_ANYWHERE, node);
        EXPECT(phys_is_valid(block) && buddy_node_of(block) != node);
        if (phys_is_valid(block))
            buddy_free(block, order);
    }
    while (count > 0)
        buddy_free(taken[--count], order);
}
