; SPDX-License-Identifier: BSD-2-Clause
; trampoline.asm: an AP's first instructions, from real mode to the kernel.
; In:   by a SIPI: real mode, interrupts off, CS:IP = page:0, everything else as after INIT
; Out:  calls trampoline_words.entry(slot.argument) on slot.stack, in long mode, on the trampoline's page
;       tables, whose upper half is the kernel's. A CPU without a slot, or whose slot was given up, halts
;       permanently.
; Uses: everything.
;
; The code is copied to a page below 640 KiB and runs there, in many CPUs at once. It is position-independent:
; all that depends on its address is in trampoline_words, which start.c fills in. It writes nowhere but into
; the CPU's own slot, and has no stack until the kernel's.
;
; A CPU finds its slot by its APIC ID, which it reads in protected mode, where the LAPIC's registers can be
; addressed.
;
; EBX = the page's address, from the first lines on    EDI = the slot's, from protected mode on
%include "cpu/asm.inc"

section .rodata.trampoline progbits alloc noexec nowrite align=16

%macro GLOBAL_HERE 1
    global %1
%1:
%endmacro

; An address in the page, from its start.
%define AT(label) (label - trampoline_start)
%define WORD_OF(name) AT(trampoline_words) + TRAMPOLINE_WORDS_ %+ name

; EDX:EAX = the time-stamp counter, into the slot. %1: number of the stage, less 1; %2: the slot's address in
; a form that the mode has.
%macro MARK 2
    rdtsc
    mov     [%2 + AP_SLOT_TICKS + 8 * (%1 - 1)], eax
    mov     [%2 + AP_SLOT_TICKS + 8 * (%1 - 1) + 4], edx
    mov     dword [%2 + AP_SLOT_STAGE], %1
%endmacro

bits 16
GLOBAL_HERE trampoline_start
    cli
    cld
    mov     ax, cs
    mov     ds, ax
    movzx   ebx, ax
    shl     ebx, 4

    rdtsc                               ; for the slot, when it is known
    mov     esi, eax
    mov     edi, edx

    o32 lgdt [WORD_OF(GDT_LIMIT)]
    mov     eax, cr0
    and     eax, ~(CR0_CD | CR0_NW)
    or      eax, CR0_PE
    mov     cr0, eax
    jmp     dword far [WORD_OF(PROTECTED_ENTRY)]

bits 32
GLOBAL_HERE trampoline_protected
    mov     eax, 0x18
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    mov     esp, ebx                    ; no stack: a register that CPUID leaves alone

    ; The initial APIC ID, of CPUID: leaf 0BH has 32 bits, where it exists and is filled in; leaf 1 has 8.
    ; (Intel SDM vol. 2A, "CPUID".)
    xor     eax, eax
    cpuid
    cmp     eax, 0x0b
    jb      .initial_id_of_leaf_1
    mov     eax, 0x0b
    xor     ecx, ecx
    cpuid
    mov     ebp, edx
    test    ebx, ebx
    jnz     .ask_lapic
.initial_id_of_leaf_1:
    mov     eax, 1
    cpuid
    shr     ebx, 24
    mov     ebp, ebx

    ; The APIC ID, which firmware may have changed, is in the LAPIC; apic_id_of() in cpu/apic_id.c has the
    ; rule. Registers that lie above 4 GiB cannot be read here: then the initial ID serves.
.ask_lapic:
    mov     ebx, esp
    mov     ecx, MSR_APIC_BASE
    rdmsr
    test    eax, APIC_BASE_X2APIC
    jnz     .x2apic
    test    edx, edx
    jnz     .identified
    and     eax, ~0xfff
    mov     eax, [eax + LAPIC_ID]
    shr     eax, 24
    mov     edx, ebp
    cmp     al, dl
    je      .identified                 ; the low 8 bits of the initial ID: unchanged
    mov     ebp, eax
    jmp     .identified
.x2apic:
    mov     ecx, MSR_X2APIC_ID
    rdmsr
    mov     ebp, eax
.identified:

    mov     eax, [ebx + WORD_OF(SLOTS)]
    movzx   ecx, word [ebx + WORD_OF(SLOT_COUNT)]
.search:
    jecxz   .halt
    cmp     [eax + AP_SLOT_APIC_ID], ebp
    je      .found
    add     eax, AP_SLOT_SIZE
    dec     ecx
    jmp     .search
.halt:
    hlt
    jmp     .halt
.found:
    mov     [eax + AP_SLOT_TICKS + 8 * (AP_STAGE_REAL - 1)], esi
    mov     [eax + AP_SLOT_TICKS + 8 * (AP_STAGE_REAL - 1) + 4], edi
    mov     edi, eax
    MARK    AP_STAGE_PROTECTED, edi

    ; As the stub does it for the BSP (leap.asm), with the tables at hand. PAE first; LA57 can be
    ; cleared only here.
    mov     eax, cr4
    or      eax, CR4_PAE
    and     eax, ~CR4_LA57
    mov     cr4, eax
    mov     eax, [ebx + WORD_OF(PML4)]
    mov     cr3, eax
    mov     ecx, MSR_EFER
    xor     edx, edx
    mov     eax, [ebx + WORD_OF(EFER)]
    wrmsr
    mov     eax, cr0
    and     eax, ~(CR0_EM | CR0_TS)
    or      eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP
    mov     cr0, eax
    jmp     far [ebx + WORD_OF(LONG_ENTRY)]

bits 64
GLOBAL_HERE trampoline_long
    ; The upper halves of registers are undefined after the switch.
    mov     ebx, ebx
    mov     edi, edi
    MARK    AP_STAGE_LONG, rdi

    ; A CPU that was given up must not go on: its stack may have been freed.
    mov     eax, AP_EXPECTED
    mov     ecx, AP_ARRIVED
    lock cmpxchg [rdi + AP_SLOT_ARRIVAL], ecx
    jne     .park

    mov     rsp, [rdi + AP_SLOT_STACK]
    mov     rax, [rbx + WORD_OF(ENTRY)]
    mov     rdi, [rdi + AP_SLOT_ARGUMENT]
    xor     ebp, ebp
    ; The kernel lies 2^64 - 2 GiB away: an absolute indirect call.
    call    rax
.park:
    cli
    hlt
    jmp     .park

align 8, db 0xcc
GLOBAL_HERE trampoline_gdt
    dq      0
    dq      0x00cf9b000000ffff          ; 0x08: code, 32 bits, flat, already accessed
    dq      0x00209b0000000000          ; 0x10: code, 64 bits
    dq      0x00cf93000000ffff          ; 0x18: data, flat
.end:

align 8, db 0xcc
GLOBAL_HERE trampoline_words
    times TRAMPOLINE_WORDS_SIZE db 0
GLOBAL_HERE trampoline_end

%if trampoline_end - trampoline_start > TRAMPOLINE_SIZE
    %error "the trampoline is larger than its page"
%endif
