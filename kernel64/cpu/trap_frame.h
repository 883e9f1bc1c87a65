/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The stack when an exception or interrupt reaches C, lowest address first. traps.asm pushes it from the
 * bottom of this struct to the top; asm_constants.c takes its offsets from here.
 */
#include <ashlar/check.h>
#include <ashlar/types.h>

struct trap_frame {
    /* pushed by trap_common */
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    /* pushed by the vector's stub */
    uint64_t vector;
    /* pushed by the CPU for the vectors in TRAP_ERROR_CODES, by the stub as 0 for all others */
    uint64_t error_code;
    /* pushed by the CPU, which first aligns RSP to 16 */
    uint64_t rip, cs, rflags, rsp, ss;
};

STATIC_ASSERT(sizeof(struct trap_frame) == 22 * 8, "traps.asm pushes 22 words");
STATIC_ASSERT(sizeof(struct trap_frame) % 16 == 0, "RSP must stay aligned to 16 for the call into C");
