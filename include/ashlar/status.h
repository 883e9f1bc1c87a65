/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a function that can fail says. One list: the code, and one sentence for people.
 */
#include <ashlar/types.h>

#define STATUS_LIST(S)                                                                                       \
    S(STATUS_OK, "done")                                                                                     \
    S(STATUS_NO_MEMORY, "no memory left")                                                                    \
    S(STATUS_INVALID, "an argument is outside its range")                                                    \
    S(STATUS_NOT_FOUND, "there is no such thing")                                                            \
    S(STATUS_EXISTS, "something is there already")                                                           \
    S(STATUS_TRUNCATED, "the data ends before it says it does")                                              \
    S(STATUS_MALFORMED, "the data contradicts itself")                                                       \
    S(STATUS_UNSUPPORTED, "this machine or this version cannot do that")                                     \
    S(STATUS_TOO_BIG, "it does not fit")                                                                     \
    S(STATUS_TIMEOUT, "no answer in time")                                                                   \
    S(STATUS_BUSY, "it is in use")

#define STATUS_ENUM(name, sentence) name,
typedef enum status { STATUS_LIST(STATUS_ENUM) STATUS_COUNT } status_t;
#undef STATUS_ENUM

/**
 * status_sentence() - what a status means, in words.
 * @status: any value, valid or not.
 *
 * Return: a constant string, never NULL.
 */
static inline const char *status_sentence(status_t status)
{
#define STATUS_CASE(name, sentence)                                                                          \
    case name:                                                                                               \
        return sentence;
    switch (status) {
        STATUS_LIST(STATUS_CASE)
    case STATUS_COUNT:
        break;
    }
#undef STATUS_CASE
    return "an unknown status";
}
