; SPDX-License-Identifier: BSD-2-Clause
; entry.asm: kernel64's first instructions.
; In:   64-bit mode, interrupts off, stub32's page tables: this image at its linked address with
;       each segment's permissions, the first 4 GiB in the direct map, the stub itself one-to-one
;       RDI = physical address of struct handoff
;       RSP = the stub's stack, still below 4 GiB
; Out:  does not return. kernel64_main(handoff) on the boot stack, RBP = 0 to end backtraces.
; Uses: everything.
%include "cpu/asm.inc"

extern kernel64_main
extern __boot_stack_top

section .text.entry progbits alloc exec nowrite align=16

FUNC kernel64_entry
    mov     rsp, __boot_stack_top
    xor     ebp, ebp
    ; The call makes RSP 16-byte aligned plus 8 at the function's first instruction, as C expects.
    call    kernel64_main
    ud2
ENDFUNC kernel64_entry
