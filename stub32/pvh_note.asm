; SPDX-License-Identifier: BSD-2-Clause
; pvh_note.asm: the ELF note by which PVH loaders (QEMU -kernel, Firecracker) find their entry. In
; assembly because a C compiler gives no section the type of a note.
; Source: Xen, "x86/HVM direct boot ABI" (docs/misc/pvh.pandoc); ELF gABI, "Note Section".
bits 32
%include "stub_constants.inc"

extern pvh_entry

section .note.GNU-stack noalloc noexec nowrite progbits

section .note.pvh note alloc noexec nowrite align=4
    dd  .owner_end - .owner
    dd  .entry_end - .entry
    dd  PVH_NOTE_PHYS32_ENTRY
.owner:
    db  "Xen", 0
.owner_end:
.entry:
    dd  pvh_entry
.entry_end:
