/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The vectors of exceptions, and those that have an error code.
 */
enum trap_vector {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_BREAKPOINT = 3,
    TRAP_OVERFLOW = 4,
    TRAP_BOUND = 5,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_FPU = 7,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_INVALID_TSS = 10,
    TRAP_SEGMENT = 11,
    TRAP_STACK_SEGMENT = 12,
    TRAP_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_FPU = 16,
    TRAP_ALIGNMENT = 17,
    TRAP_MACHINE_CHECK = 18,
    TRAP_SIMD = 19,
    TRAP_VIRTUALIZATION = 20,
    TRAP_CONTROL_PROTECTION = 21,
    TRAP_HYPERVISOR = 28,
    TRAP_VMM = 29,
    TRAP_SECURITY = 30,
    TRAP_FIRST_INTERRUPT = 32,
    TRAP_VECTORS = 256,
};

/*
 * Bit n: the CPU pushes an error code for vector n.
 * Source: Intel SDM vol. 3A, "Exception and Interrupt Reference"; AMD APM vol. 2, "Vectors", for 29 and 30.
 */
#define TRAP_ERROR_CODES                                                                                     \
    (1u << TRAP_DOUBLE_FAULT | 1u << TRAP_INVALID_TSS | 1u << TRAP_SEGMENT | 1u << TRAP_STACK_SEGMENT |      \
     1u << TRAP_PROTECTION | 1u << TRAP_PAGE_FAULT | 1u << TRAP_ALIGNMENT | 1u << TRAP_CONTROL_PROTECTION |  \
     1u << TRAP_VMM | 1u << TRAP_SECURITY)
