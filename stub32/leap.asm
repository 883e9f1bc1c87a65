; SPDX-License-Identifier: BSD-2-Clause
; leap.asm: from 32-bit protected mode into kernel64.
; In:   paging off, interrupts off, flat segments, ESP on the stub's stack
;       [esp+4]  physical address of the PML4, which maps this code and this stack one-to-one
;       [esp+8]  physical address of the hand-off
;       [esp+12] entry, 64 bits
;       [esp+20] bits for EFER beside LME: NXE where the CPU has it
; Out:  does not return. Long mode, RDI = hand-off, RSP 16-byte aligned before the call.
; Uses: everything.
%include "stub_constants.inc"

section .note.GNU-stack noalloc noexec nowrite progbits

section .rodata
align 8
; The loader's GDT may be invalid: the boot protocols define the segment registers only.
; The code segment's L bit makes it 64-bit; bases and limits are ignored there.
gdt:
    dq      0
    dq      0x00209b0000000000          ; 0x08: code, present, ring 0, 64-bit, already accessed:
    dq      0x0000930000000000          ; 0x10: data, accessed: the table is read only
.end:

section .text
global leap:function hidden (leap.end - leap)
bits 32
leap:
    mov     esi, [esp + 8]
    mov     edi, [esp + 12]
    mov     ebp, [esp + 16]

    ; PAE first: setting PG with LME set and PAE clear is #GP.
    ; (Intel SDM vol. 3A, "Initializing IA-32e Mode".) Firmware that ran with 5-level paging may
    ; have left LA57 set, and then CR3 would have to name a PML5; it can be cleared only here,
    ; outside long mode.
    mov     eax, cr4
    or      eax, CR4_PAE
    and     eax, ~CR4_LA57
    mov     cr4, eax

    mov     eax, [esp + 4]
    mov     cr3, eax

    mov     ecx, MSR_EFER
    rdmsr
    or      eax, EFER_LME
    or      eax, [esp + 20]
    wrmsr

    ; Paging on, and with it long mode (compatibility mode until the far return). WP makes the
    ; read-only pages read-only in ring 0, too; caches on; the loader's TS and EM cleared.
    mov     eax, cr0
    and     eax, ~(CR0_CD | CR0_NW | CR0_EM | CR0_TS)
    or      eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE
    mov     cr0, eax

    ; The 64-bit code segment. The address of its table is found by a call, because a relocating loader
    ; may have loaded the stub anywhere.
    call    .here
.here:
    pop     ebx
    lea     eax, [ebx + gdt - .here]
    sub     esp, 8
    mov     word [esp], gdt.end - gdt - 1
    mov     [esp + 2], eax
    lgdt    [esp]
    lea     eax, [ebx + .long - .here]
    push    dword 0x08
    push    eax
    retf

bits 64
.long:
    mov     eax, 0x10
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax

    ; Global pages last: changing PGE flushes, and the SDM requires paging on before.
    mov     rax, cr4
    or      rax, CR4_PGE
    mov     cr4, rax

    ; The upper halves of the general registers are undefined after a mode switch: each is written
    ; whole, by a 32-bit move, before it is used.
    mov     esp, esp
    and     rsp, -16
    mov     edi, edi
    mov     ebp, ebp
    mov     rax, rbp
    shl     rax, 32
    or      rax, rdi
    mov     edi, esi
    xor     ebp, ebp
    ; kernel64 lies 2^64 - 2 GiB away: no relative call reaches it, an absolute indirect one does.
    call    rax
.halt:
    hlt
    jmp     .halt
.end:
