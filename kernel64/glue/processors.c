/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What smp needs of rooms that stand above it.
 */
#include <glue/processors.h>

#include <glue/address_space.h>
#include <glue/numa.h>
#include <smp/start.h>

void start_processors(void)
{
    static struct smp_setup setup = { .node_of = numa_home_of };
    setup.paging = address_space();
    smp_start(&setup);
}
