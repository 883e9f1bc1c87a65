/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stack protector: the compiler's two symbols.
 *
 * The guard is from RDRAND if the CPU has it, else the mixed time-stamp counter: sufficient against
 * accidental overruns, which is the purpose in a kernel without users. Its lowest byte, which an overrun
 * reaches first, is zero: an overrunning string copy either ends there or changes it.
 */
#include <cpu/stack_protector.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <panic/panic.h>

/* A working generator of Intel's or AMD's delivers within this many tries. */
#define RANDOM_TRIES 10

uintptr_t __stack_chk_guard = STACK_GUARD_AS_LINKED;
NORETURN void __stack_chk_fail(void);

/* For functions that are running while the guard changes. */
#define UNPROTECTED __attribute__((no_stack_protector))

/* The finaliser of splitmix64: each bit of the result depends on each bit of @x. */
static UNPROTECTED uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

UNPROTECTED void stack_protector_init(void)
{
    uint64_t number = 0;
    bool has_random = cpu_has(CPU_FEATURE_RDRAND);

    for (int i = 0; has_random && i < RANDOM_TRIES; i++) {
        if (cpu_read_random(&number))
            break;
    }
    __stack_chk_guard = mix(number ^ cpu_read_tsc()) & ~0xffULL;
}

void __stack_chk_fail(void)
{
    panic("stack protector: %pS wrote past the end of an array on its stack; its return address "
          "may be wrong as well",
          (const char *)__builtin_return_address(0) - 1);
}
