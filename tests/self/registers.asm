; SPDX-License-Identifier: BSD-2-Clause
; registers.asm: void call_with_registers(const uint64_t before[15], uint64_t after[15], const void *target)
; In:   called from C. RDI = before   RSI = after   RDX = target
; Out:  *target was called with RAX RBX RCX RDX RSI RDI RBP R8 .. R15 = before[0] .. before[14];
;       after[] is what they were when it returned.
; Uses: what a C function may.
%include "cpu/asm.inc"

FUNC call_with_registers
    push    rbp
    push    rbx
    push    r12
    push    r13
    push    r14
    push    r15
    push    rsi
    push    rdx

    mov     rax, [rdi + 0]
    mov     rbx, [rdi + 8]
    mov     rcx, [rdi + 16]
    mov     rdx, [rdi + 24]
    mov     rsi, [rdi + 32]
    mov     rbp, [rdi + 48]
    mov     r8,  [rdi + 56]
    mov     r9,  [rdi + 64]
    mov     r10, [rdi + 72]
    mov     r11, [rdi + 80]
    mov     r12, [rdi + 88]
    mov     r13, [rdi + 96]
    mov     r14, [rdi + 104]
    mov     r15, [rdi + 112]
    mov     rdi, [rdi + 40]
    call    [rsp]

    ; RDI changes places with the array's address.
    xchg    rdi, [rsp + 8]
    mov     [rdi + 0], rax
    mov     [rdi + 8], rbx
    mov     [rdi + 16], rcx
    mov     [rdi + 24], rdx
    mov     [rdi + 32], rsi
    mov     [rdi + 48], rbp
    mov     [rdi + 56], r8
    mov     [rdi + 64], r9
    mov     [rdi + 72], r10
    mov     [rdi + 80], r11
    mov     [rdi + 88], r12
    mov     [rdi + 96], r13
    mov     [rdi + 104], r14
    mov     [rdi + 112], r15
    mov     rax, [rsp + 8]
    mov     [rdi + 40], rax

    add     rsp, 16
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    pop     rbp
    ret
ENDFUNC call_with_registers
