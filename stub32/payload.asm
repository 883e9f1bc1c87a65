; SPDX-License-Identifier: BSD-2-Clause
; payload.asm: the kernel64 ELF file, as data.
section .note.GNU-stack noalloc noexec nowrite progbits

section .rodata.payload progbits alloc noexec nowrite align=16
global kernel64_file:data hidden (kernel64_file_end - kernel64_file)
global kernel64_file_end:data hidden
kernel64_file:
    incbin  "kernel64.payload"
kernel64_file_end:
