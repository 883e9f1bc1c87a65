/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong calls: each case named wrong_* has to be ended by SIGABRT before it returns, with one line of words.
 * Beside them, the border: pointers into objects of every size, and objects that only look freed.
 */
#include "malloc_cases.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

/* Runs @body in a child. Return: the signal that ended it; 0: it returned. */
static int ended_by(void (*body)(void *), void *argument)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        alarm(HANG_SECONDS);
        body(argument);
        _exit(0);
    }
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* ---- wrong calls ---- */

static void wrong_object_twice(void)
{
    void *p = take(100);
    free(p);
    free(p);
}

static void wrong_object_twice_with_another_between(void)
{
    void *a = take(100), *b = take(100);
    free(a);
    free(b);
    free(a);
}

/* As many between as put it into a depot, and from there into its slab. */
static void free_twice_with_between(size_t size, int between)
{
    static void *others[50000];
    void *p = take(size);
    for (int i = 0; i < between; i++)
        others[i] = take(size);
    free(p);
    for (int i = 0; i < between; i++)
        free(others[i]);
    free(p);
}

static void wrong_object_twice_with_a_thousand_between(void)
{
    free_twice_with_between(100, 1000);
}

static void wrong_object_twice_with_many_between(void)
{
    free_twice_with_between(500, 50000);
}

static void *free_it(void *pointer)
{
    free(pointer);
    return NULL;
}

static void wrong_object_twice_by_two_threads(void)
{
    pthread_t thread;
    void *p = take(100);
    free(p);
    pthread_create(&thread, NULL, free_it, p);
    pthread_join(thread, NULL);
}

static void wrong_calloc_twice(void)
{
    void *p = hidden(calloc(5, 20));
    free(p);
    free(p);
}

static void wrong_realloc_of_freed(void)
{
    void *p = take(100);
    free(p);
    hidden(realloc(p, 200));
}

static void wrong_free_of_moved(void)
{
    void *p = take(100);
    hidden(realloc(p, 5000));
    free(p);
}

static void wrong_realloc_inside(void)
{
    hidden(realloc((char *)take(100) + 16, 200));
}

static void wrong_usable_size_of_static(void)
{
    static char bytes[64];
    printf("%zu\n", malloc_usable_size(hidden(bytes + 16)));
}

static void wrong_stack(void)
{
    char buffer[8192];
    free(hidden(buffer + 4200));
}

static void wrong_static_page(void)
{
    static char area[8 * PAGE] __attribute__((aligned(PAGE)));
    *(size_t *)(void *)(area + PAGE) = 4 * PAGE; /* what an allocator with headers would take for one */
    free(hidden(area + 2 * PAGE));
}

static void wrong_text(void)
{
    free(hidden((void *)(uintptr_t)&wrong_text));
}

static void wrong_small_number(void)
{
    free(hidden((void *)(uintptr_t)16));
}

static void wrong_noncanonical(void)
{
    free(hidden((void *)(uintptr_t)0x8123456789abcdefu));
}

static void wrong_foreign_mapping(void)
{
    free(hidden(mmap(NULL, MIB(4), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
}

static void wrong_block_twice(void)
{
    void *p = take(kinds[1]);
    free(p);
    free(p);
}

static void wrong_block_inside(void)
{
    free((char *)take(kinds[1]) + PAGE);
}

static void wrong_block_inside_a_page(void)
{
    free((char *)take(kinds[1]) + 64);
}

static void wrong_mapping_twice(void)
{
    void *p = take(kinds[2]);
    free(p);
    free(p);
}

static void wrong_mapping_inside(void)
{
    free((char *)take(kinds[2]) + PAGE);
}

static void wrong_never_given(void)
{
    char *p = take(100);
    free(p + MIB(32)); /* the library's window: nothing there was ever used */
}

/* ---- pointers into objects of every size ---- */

static void free_pointer(void *pointer)
{
    free(pointer);
}

/* Several objects, so that frames of a slab after its first one are used, too. */
static void no_pointer_into_an_object_is_freed(void)
{
    static const size_t steps[] = { 1, 8, 16, 24, 48, 64, 100, 4096 };
    for (size_t size = 16; size <= 8192; size = size * 9 / 8 + 8) {
        char *objects[9];
        for (int i = 0; i < 9; i++)
            objects[i] = take(size);
        for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++)
            if (steps[n] < size && ended_by(free_pointer, objects[n] + steps[n]) != SIGABRT) {
                printf("%zu bytes: a free of byte %zu was accepted\n", size, steps[n]);
                exit(1);
            }
        for (int i = 0; i < 9; i++)
            free(objects[i]);
    }
}

/* Memory that was not initialised may look as if it had been freed. */
static void objects_that_look_freed_are_accepted(void)
{
    char *freed = take(200), copy[200];
    free(freed);
    memcpy(copy, freed, sizeof(copy));
    for (int i = 0; i < 1000; i++) {
        char *p = take(200);
        memcpy(p, copy, sizeof(copy));
        free(p);
    }
}

const struct malloc_case wrong_cases[] = {
    CASE(wrong_object_twice),
    CASE(wrong_object_twice_with_another_between),
    CASE(wrong_object_twice_with_a_thousand_between),
    CASE(wrong_object_twice_with_many_between),
    CASE(wrong_object_twice_by_two_threads),
    CASE(wrong_calloc_twice),
    CASE(wrong_realloc_of_freed),
    CASE(wrong_free_of_moved),
    CASE(wrong_realloc_inside),
    CASE(wrong_usable_size_of_static),
    CASE(wrong_stack),
    CASE(wrong_static_page),
    CASE(wrong_text),
    CASE(wrong_small_number),
    CASE(wrong_noncanonical),
    CASE(wrong_foreign_mapping),
    CASE(wrong_block_twice),
    CASE(wrong_block_inside),
    CASE(wrong_block_inside_a_page),
    CASE(wrong_mapping_twice),
    CASE(wrong_mapping_inside),
    CASE(wrong_never_given),
    CASE(no_pointer_into_an_object_is_freed),
    CASE(objects_that_look_freed_are_accepted),
    { NULL, NULL },
};
