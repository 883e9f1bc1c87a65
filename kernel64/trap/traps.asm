; SPDX-License-Identifier: BSD-2-Clause
; traps.asm: from a gate to trap_dispatch() and back.
%include "cpu/asm.inc"

extern trap_dispatch

; ---- The 256 entries.
; In:   by an interrupt gate: interrupts off, 64-bit mode, kernel segments (there is no user mode,
;       so GS is the kernel's already and nothing swaps it)
;       RSP = multiple of 16, less the 5 words SS RSP RFLAGS CS RIP, less the error code if the
;       vector has one
; Out:  trap_common, with an error code and the vector number on the stack
; Uses: nothing.
align TRAP_STUB_SIZE
FUNC trap_stubs
%assign vector 0
%rep TRAP_VECTORS
    %if vector >= TRAP_FIRST_INTERRUPT || ((TRAP_ERROR_CODES >> vector) & 1) == 0
        push    0
    %endif
        push    strict dword vector
        jmp     strict near trap_common
    align TRAP_STUB_SIZE, db 0xcc
    %assign vector vector + 1
%endrep
%if $ - trap_stubs != TRAP_VECTORS * TRAP_STUB_SIZE
    %error "a stub is larger than TRAP_STUB_SIZE"
%endif
ENDFUNC trap_stubs

; ---- What they share.
; In:   as above, and below the CPU's words: the error code, the vector number
; Out:  IRETQ with what trap_dispatch() left in the frame
;
;       rsp + 0     R15 R14 R13 R12 R11 R10 R9 R8       struct trap_frame: cpu/trap_frame.h
;           + 64    RBP RDI RSI RDX RCX RBX RAX
;           + 120   vector, error code
;           + 136   RIP CS RFLAGS RSP SS
;           + 176   multiple of 16
%if TRAP_FRAME_R15 != 0 || TRAP_FRAME_R8 != 56 || TRAP_FRAME_RBP != 64 || TRAP_FRAME_RAX != 112
    %error "struct trap_frame has other registers than trap_common pushes"
%endif
%if TRAP_FRAME_VECTOR != 120 || TRAP_FRAME_RIP != 136
    %error "struct trap_frame has other words than the stubs and the CPU push"
%endif
FUNC trap_common
    push    rax
    push    rbx
    push    rcx
    push    rdx
    push    rsi
    push    rdi
    push    rbp
    push    r8
    push    r9
    push    r10
    push    r11
    push    r12
    push    r13
    push    r14
    push    r15

    ; C expects DF clear. AC would let it touch user pages in spite of SMAP, and NT makes IRETQ
    ; fault; the gate clears neither. POPFQ clears all three on every CPU, CLAC only where there is SMAP.
    push    RFLAGS_FIXED
    popfq

    ; A frame for backtraces, as if the interrupted function had called: saved RBP, return address.
    push    qword [rsp + TRAP_FRAME_RIP]
    push    rbp
    mov     rbp, rsp

    ; 22 + 2 words below a multiple of 16: the stack is aligned for the call.
    lea     rdi, [rsp + 16]
    call    trap_dispatch
    add     rsp, 16

    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     r11
    pop     r10
    pop     r9
    pop     r8
    pop     rbp
    pop     rdi
    pop     rsi
    pop     rdx
    pop     rcx
    pop     rbx
    pop     rax
    add     rsp, 16                     ; vector, error code
    iretq
ENDFUNC trap_common
