// SPDX-License-Identifier: BSD-2-Clause
/*
 * Repeats a recorded program's calls of malloc(), up to the moment at which it had requested the most, and
 * prints how many bytes the allocator has taken from the system for them. Run with LD_PRELOAD for each one.
 *
 *     replay_mix FILE OBJECTS
 *
 * FILE is pairs of 32-bit numbers: an object, 0 .. OBJECTS-1, and its size; the size ~0 frees it. Each
 * requested byte is written, so that it has memory. The result is the growth of the process's anonymous
 * memory.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct step {
    uint32_t object, size;
};

/* Without the C library's buffers, which are allocated. */
static long anonymous_kib(void)
{
    static char text[4096];
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    const char *line = strstr(text, "\nAnonymous:");
    if (!line)
        abort();
    return strtol(line + strlen("\nAnonymous:"), NULL, 10);
}

int main(int argc, char **argv)
{
    struct stat status;
    int file = argc == 3 ? open(argv[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &status) != 0)
        return 2;
    size_t object_count = strtoul(argv[2], NULL, 10);
    const struct step *steps =
        mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    size_t table_bytes = object_count * sizeof(void *);
    void **objects =
        mmap(NULL, table_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (steps == MAP_FAILED || objects == MAP_FAILED)
        return 2;

    long before = anonymous_kib();
    for (size_t i = 0; i < (size_t)status.st_size / sizeof(*steps); i++) {
        void **object = &objects[steps[i].object];
        if (steps[i].size == UINT32_MAX) {
            free(*object);
        } else {
            *object = malloc(steps[i].size);
            memset(*object, 1, steps[i].size);
        }
    }
    printf("%ld\n", (anonymous_kib() - before) * 1024);
    return 0;
}
