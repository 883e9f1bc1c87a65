/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Results of functions that can fail. One list: the code, and a text for log lines.
 */
#include <ashlar/types.h>

#define STATUS_LIST(S)                                                                                       \
    S(STATUS_OK, "done")                                                                                     \
    S(STATUS_NO_MEMORY, "out of memory")                                                                     \
    S(STATUS_INVALID, "argument out of range")                                                               \
    S(STATUS_NOT_FOUND, "not found")                                                                         \
    S(STATUS_EXISTS, "already exists")                                                                       \
    S(STATUS_TRUNCATED, "truncated data")                                                                    \
    S(STATUS_MALFORMED, "malformed data")                                                                    \
    S(STATUS_UNSUPPORTED, "not supported")                                                                   \
    S(STATUS_TOO_BIG, "too large")                                                                           \
    S(STATUS_TIMEOUT, "timed out")                                                                           \
    S(STATUS_BUSY, "in use")                                                                                 \
    S(STATUS_FAULTY, "faulty hardware")

#define STATUS_ENUM(name, sentence) name,
typedef enum status { STATUS_LIST(STATUS_ENUM) STATUS_COUNT } status_t;
#undef STATUS_ENUM

/**
 * status_sentence() - the text of a status.
 * @status: any value, valid or not.
 *
 * Return: a constant string, never NULL.
 * Context: any.
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
    return "unknown status";
}
