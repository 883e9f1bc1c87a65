/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The corners of libashlar-malloc.so as a program's malloc: run_malloc_cases.py runs each case in a process
 * of its own, with the library preloaded.
 *
 * usage: malloc_cases NAME: prints what is wrong and exits with 1; exits with 0 when nothing is, with
 * NOT_ALLOWED when the system does not allow the case. The cases named wrong_* have to be ended by SIGABRT
 * before they return. malloc_cases alone prints all names.
 */
#include "malloc_cases.h"

const size_t kinds[KINDS] = { 100, 20000, MIB(3) };

void *hidden(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

void *take(size_t size)
{
    return hidden(malloc(size));
}

long resident_mib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    return resident * PAGE >> 20;
}

void limit_address_space(size_t more)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    struct rlimit limit = { (size_t)pages * PAGE + more, (size_t)pages * PAGE + more };
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
}

pthread_attr_t *small_stack(void)
{
    static pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    return &attributes;
}

int main(int count, char **words)
{
    static const struct malloc_case *const subjects[] = { wrong_cases, size_cases, limit_cases, thread_cases,
                                                          cost_cases };
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        for (const struct malloc_case *one = subjects[i]; one->name; one++) {
            if (count < 2) {
                puts(one->name);
            } else if (strcmp(words[1], one->name) == 0) {
                one->run();
                return 0;
            }
        }
    }
    return count < 2 ? 0 : 2;
}
