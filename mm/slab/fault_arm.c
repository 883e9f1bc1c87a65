/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arms a fault plan: from then on the caches in front of the allocators are empty.
 */
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/slab.h>

void fault_arm(const struct fault_plan *plan)
{
    static unsigned int frame_limit; /* from before */
    if (plan && !fault_is_armed) {
        frame_limit = frame_cache_limit();
        slab_set_direct(true);
        frame_cache_set_limit(0);
        frame_cache_drain();
    } else if (!plan && fault_is_armed) {
        frame_cache_set_limit(frame_limit);
        slab_set_direct(false);
    }
    fault_set_plan(plan);
}
