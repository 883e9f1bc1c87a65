; SPDX-License-Identifier: BSD-2-Clause
; traps.asm: the two exceptions of confidential guests, to C.
; In:   by an interrupt gate: 32-bit protected mode, paging off, interrupts off, flat segments, our stack,
;       with or without an error code on it
; Out:  confidential_trap(vector), which does not return.
; Uses: everything.
bits 32
%include "stub_constants.inc"

extern confidential_trap

section .note.GNU-stack noalloc noexec nowrite progbits
section .text

%macro TRAP 2
    global %1:function hidden (%1.end - %1)
%1:
    cld
    and     esp, ~15
    sub     esp, 12                     ; 16-byte aligned at the call, as the C calling convention demands
    push    dword %2
    call    confidential_trap
.end:
%endmacro

TRAP trap_virtualization, 20
TRAP trap_vmm_communication, 29
