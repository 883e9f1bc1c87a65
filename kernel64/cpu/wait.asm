; SPDX-License-Identifier: BSD-2-Clause wait.asm: STI and the instruction that waits, each once in the kernel,
; so that the exit of a trap can tell by RIP whether it interrupted between the two (cpu/wait.h).
%include "cpu/asm.inc"

%macro LABEL 1
    global %1
%1:
%endmacro

; ---- void cpu_interrupts_on_and_halt(void)
; In:   interrupts off
; Out:  interrupts on
FUNC cpu_interrupts_on_and_halt
    sti
LABEL wait_at_hlt
    hlt
LABEL wait_after_hlt
    ret
ENDFUNC cpu_interrupts_on_and_halt

; ---- void cpu_interrupts_on_and_mwait(void)
; In:   interrupts off, MONITOR executed
; Out:  interrupts on
; Uses: RAX, RCX
FUNC cpu_interrupts_on_and_mwait
    xor     eax, eax                    ; hint: C1
    xor     ecx, ecx                    ; no extensions
    sti
LABEL wait_at_mwait
    mwait
LABEL wait_after_mwait
    ret
ENDFUNC cpu_interrupts_on_and_mwait
