; SPDX-License-Identifier: BSD-2-Clause
; pvh_note.asm: the ELF note by which PVH loaders (QEMU -kernel, Xen, Cloud Hypervisor, Firecracker) find
; their entry. In assembly because a C compiler gives no section the type of a note. The address is given 8
; bytes: QEMU reads as many from an ELF64 image, whatever the note's size says; rust-vmm reads the lower 4,
; Xen as many as there are.
; Source: Xen, "x86/HVM direct boot ABI" (docs/misc/pvh.pandoc); System V gABI, "Note Section"; QEMU,
; hw/i386/x86.c, read_pvh_start_addr(); rust-vmm linux-loader, src/loader/elf/mod.rs, parse_elf_note().
bits 32
%include "stub_constants.inc"

extern pvh_entry

section .note.GNU-stack noalloc noexec nowrite progbits

section .note.pvh note alloc noexec nowrite align=4
    dd      .owner_end - .owner
    dd      .entry_end - .entry
    dd      PVH_NOTE_PHYS32_ENTRY
.owner:
    db      "Xen", 0
.owner_end:
.entry:
    dd      pvh_entry, 0
.entry_end:
