; SPDX-License-Identifier: BSD-2-Clause fixup.asm: the two ends of fixup_try(): the call that may raise an
; exception, and where execution continues.
%include "cpu/asm.inc"

; ---- bool fixup_call(uint64_t *rsp, fixup_fn *function, void *argument) Calls function(argument), with the
; stack pointer for fixup_landing in *rsp. Out:  AL = 1 when the function returned, 0 by way of fixup_landing.
FUNC fixup_call
    push    rbp
    mov     rbp, rsp
    push    rbx
    push    r12
    push    r13
    push    r14
    push    r15
    sub     rsp, 8                      ; 8 words with the return address: aligned for the call
    mov     [rdi], rsp
    mov     rdi, rdx
    call    rsi
    mov     eax, 1
.return:
    add     rsp, 8
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbx
    pop     rbp
    ret
ENDFUNC fixup_call

; ---- Where fixup_apply() sends an exception.
; In:   by IRETQ, RSP = what fixup_call noted; all other registers are the abandoned function's
; Out:  returns from fixup_call with AL = 0.
FUNC fixup_landing
    xor     eax, eax
    jmp     fixup_call.return
ENDFUNC fixup_landing
