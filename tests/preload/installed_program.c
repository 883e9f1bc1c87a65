/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as a user of an installed libashlar-malloc has it, for run_install.py: linked in each way that
 * README.md of mm/malloc names. It fails when its malloc is the C library's.
 *
 * It has names of its own that the allocators have inside: a library that shows them cannot be linked to it.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The window of addresses of mm/malloc/mm_port.h. */
#define WINDOW_START 0x40000000000u
#define WINDOW_END   0x44000000000u

int buddy = 1, slab_caches = 2, hosted_cpu = 3;
int kmalloc_slow(int value);
int slab_init(void);

int kmalloc_slow(int value)
{
    return value + 1;
}

int slab_init(void)
{
    return buddy + slab_caches + hosted_cpu;
}

static void *allocate(void *unused)
{
    (void)unused;
    for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
        char *p = malloc(size);
        if (!p || malloc_usable_size(p) < size)
            exit(1);
        memset(p, 1, size);
        p = realloc(p, size * 2);
        if (!p || p[size - 1] != 1)
            exit(1);
        free(p);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *volatile small = malloc(100);
    uintptr_t at = (uintptr_t)small;
    free(small);
    if (pthread_create(&thread, NULL, allocate, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    allocate(NULL);
    printf("%s %d\n", at >= WINDOW_START && at < WINDOW_END ? "ashlar" : "another malloc",
           kmalloc_slow(slab_init()));
    return 0;
}
