; SPDX-License-Identifier: BSD-2-Clause
; entry.asm: from either loader to C.
; In:   32-bit protected mode, paging off, interrupts off, flat segments
;       multiboot2_entry: EAX = loader's magic number, EBX = Multiboot2 information, no stack
;       pvh_entry:        EBX = start info, no stack
; Out:  stub_main(entered, magic, info) on our stack, direction flag clear. Does not return.
; Uses: everything.
bits 32
%include "stub_constants.inc"

%macro FUNC 1
    global %1:function hidden (%1.end - %1)
%1:
%endmacro

%macro ENDFUNC 1
.end:
%endmacro

extern stub_main, __bss_start, __bss_end

section .note.GNU-stack noalloc noexec nowrite progbits

section .bss
align 16
stack:  resb 8192
.top:

section .text

; A relocating loader has loaded the stub at a distance from its linked address, which only a call can
; find out, and a call needs a stack. The reserved word of the Multiboot2 information is one word of
; memory that is certainly writable: it is used as that stack and restored.
FUNC multiboot2_entry
    cli
    cld
    mov     edx, ENTERED_BY_MULTIBOOT2
    xor     ebp, ebp
    ; With another magic number EBX may point anywhere. Such a loader has not relocated us.
    cmp     eax, MB2_LOADER_MAGIC
    jne     start
    mov     ecx, [ebx + 4]
    lea     esp, [ebx + 8]
    call    .here
.here:
    pop     ebp
    mov     [ebx + 4], ecx
    sub     ebp, .here                  ; load address less linked address
    jmp     start
ENDFUNC multiboot2_entry

; PVH loaders load every segment at its linked address.
FUNC pvh_entry
    cli
    cld
    mov     edx, ENTERED_BY_PVH
    xor     ebp, ebp
    jmp     start
ENDFUNC pvh_entry

; EDX = entered, EAX = magic, EBX = info, EBP = distance
; The variables are cleared here although loaders do it, too: after a reset, QEMU's -kernel reloads the
; file's content and leaves the rest of memory as it was.
FUNC start
    mov     esi, eax
    lea     edi, [ebp + __bss_start]
    lea     ecx, [ebp + __bss_end]
    sub     ecx, edi
    shr     ecx, 2
    xor     eax, eax
    rep stosd
    mov     eax, esi

    lea     esp, [ebp + stack.top]
    ; 16-byte aligned at the call, as the C calling convention demands.
    sub     esp, 4
    push    ebx
    push    eax
    push    edx
    xor     ebp, ebp
    call    stub_main
.halt:
    hlt
    jmp     .halt
ENDFUNC start
