/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Included before everything else (-include) by the tests of interleavings and their subjects: each atomic
 * operation, and so each lock of mm/malloc/process_port.h, becomes a point where interleave.h may switch to
 * another CPU, and a wait switches to another CPU. The subjects are compiled as they are.
 *
 * Deliberate faults, for variants that the build expects to fail:
 *   BROKEN_ATOMICS  a read-modify-write is a read and a write, with a point between them
 *   BROKEN_LOCK     a lock does not exclude
 *   BROKEN_RETIRE   a block's state is tested and then changed, as by a plain test and set
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCK_ORDER_UNCHECKED
#ifdef BROKEN_LOCK
/* CHECK_HELD() finds the fault at once; what the test itself sees of it is to be shown. */
#define LOCK_HELD_UNCHECKED
#endif

void interleave_point(void);
int interleave_wait(void);

#define sched_yield() interleave_wait()
#define usleep(us)    interleave_wait()
#define syscall(...)  interleave_wait()

#define __atomic_load_n(...)                                                                                 \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_load_n(__VA_ARGS__);                                                                        \
    })
#define __atomic_store_n(...)                                                                                \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_store_n(__VA_ARGS__);                                                                       \
    })

#ifdef BROKEN_ATOMICS
#define INTERLEAVE_CHANGE(pointer, result)                                                                   \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __typeof__(*(pointer)) old_ = *(pointer);                                                            \
        interleave_point();                                                                                  \
        *(pointer) = (__typeof__(*(pointer)))(result);                                                       \
        old_;                                                                                                \
    })
#define __atomic_fetch_or(pointer, value, order)   INTERLEAVE_CHANGE(pointer, old_ | (value))
#define __atomic_fetch_and(pointer, value, order)  INTERLEAVE_CHANGE(pointer, old_ &(value))
#define __atomic_fetch_add(pointer, value, order)  INTERLEAVE_CHANGE(pointer, old_ + (value))
#define __atomic_fetch_sub(pointer, value, order)  INTERLEAVE_CHANGE(pointer, old_ - (value))
#define __atomic_exchange_n(pointer, value, order) INTERLEAVE_CHANGE(pointer, value)
#define __atomic_compare_exchange_n(pointer, expected, desired, ...)                                         \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        bool is_same_ = *(pointer) == *(expected);                                                           \
        interleave_point();                                                                                  \
        if (is_same_)                                                                                        \
            *(pointer) = (desired);                                                                          \
        else                                                                                                 \
            *(expected) = *(pointer);                                                                        \
        is_same_;                                                                                            \
    })
#else
#define __atomic_fetch_or(...)                                                                               \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_fetch_or(__VA_ARGS__);                                                                      \
    })
#define __atomic_fetch_and(...)                                                                              \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_fetch_and(__VA_ARGS__);                                                                     \
    })
#define __atomic_fetch_add(...)                                                                              \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_fetch_add(__VA_ARGS__);                                                                     \
    })
#define __atomic_fetch_sub(...)                                                                              \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_fetch_sub(__VA_ARGS__);                                                                     \
    })
#define __atomic_exchange_n(...)                                                                             \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        __atomic_exchange_n(__VA_ARGS__);                                                                    \
    })
#ifdef BROKEN_LOCK
#define INTERLEAVE_IS_LOCK(words) (strcmp(words, "&lock->state") == 0)
#else
#define INTERLEAVE_IS_LOCK(words) false
#endif
#ifdef BROKEN_RETIRE
#define INTERLEAVE_IS_STATE(words) (strcmp(words, "&frame->state") == 0)
#else
#define INTERLEAVE_IS_STATE(words) false
#endif
#define __atomic_compare_exchange_n(pointer, expected, desired, ...)                                         \
    ({                                                                                                       \
        interleave_point();                                                                                  \
        bool is_done_ = INTERLEAVE_IS_LOCK(#pointer);                                                        \
        if (INTERLEAVE_IS_STATE(#pointer) && *(pointer) == *(expected)) {                                    \
            interleave_point();                                                                              \
            *(pointer) = (desired);                                                                          \
            is_done_ = true;                                                                                 \
        }                                                                                                    \
        is_done_ || __atomic_compare_exchange_n(pointer, expected, desired, __VA_ARGS__);                    \
    })
#endif
