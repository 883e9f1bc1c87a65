; SPDX-License-Identifier: BSD-2-Clause
; gdt.asm: void gdt_load_segments(uint64_t code, uint64_t data)
; In:   called from C, 64-bit mode, a GDT loaded in which both selectors are valid
;       RDI = code selector   RSI = data selector
; Out:  returns with CS, SS, DS and ES from the new table; FS and GS are 0, and so are their bases.
; Uses: RAX.
%include "cpu/asm.inc"

FUNC gdt_load_segments
    mov     ss, esi
    mov     ds, esi
    mov     es, esi
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax

    ; CS can only be loaded by a far transfer: a far return to our own return address.
    pop     rax
    push    rdi
    push    rax
    retfq
ENDFUNC gdt_load_segments
