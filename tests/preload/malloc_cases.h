/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the cases of malloc_cases.c share. Each cases_*.c has those of one subject and a table of them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB(n)       ((size_t)(n) << 20)
#define GIB(n)       ((size_t)(n) << 30)
#define PAGE         4096u
#define NOT_ALLOWED  77 /* exit status: the system does not allow the case */
#define HANG_SECONDS 60

#define REQUIRE(x) ((x) ? (void)0 : (printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #x), exit(1)))

/* Ended by { NULL, NULL }. A case prints what is wrong and exits with 1, or returns. */
struct malloc_case {
    const char *name;
    void (*run)(void);
};
#define CASE(name)                                                                                           \
    {                                                                                                        \
#name, name                                                                                          \
    }

extern const struct malloc_case wrong_cases[], size_cases[], limit_cases[], thread_cases[], cost_cases[];

/* Object, block, mapping: one size of each. */
#define KINDS 3
extern const size_t kinds[KINDS];

/* @pointer, of which the compiler no longer knows where it comes from. */
void *hidden(void *pointer);

/* malloc() that the compiler does not see through. */
void *take(size_t size);

/* Resident memory of this process. */
long resident_mib(void);

/* RLIMIT_AS: @more bytes beyond what is mapped now. */
void limit_address_space(size_t more);

/* Attributes for threads of which there are many. */
pthread_attr_t *small_stack(void);
