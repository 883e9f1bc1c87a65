# SPDX-License-Identifier: BSD-2-Clause
"""A machine without firmware, started as Firecracker and Cloud Hypervisor start one, in QEMU's microvm.

Their loader's rules are followed step by step in Python: the image is read by its 64-bit headers, each PT_LOAD with bytes
in the file goes to its physical address, the PVH note gives the entry, and a start info with command line and memory map
lies where Firecracker puts it. What they do to a virtual CPU's registers, a flat ROM of some 60 bytes does here: protected
mode, paging off, EBX = start info, a jump to the entry.

Source: rust-vmm linux-loader, src/loader/elf/mod.rs and src/configurator/x86_64/pvh.rs; Firecracker,
src/vmm/src/arch/x86_64/layout.rs and mod.rs, configure_system(); Xen, "x86/HVM direct boot ABI".
"""
import struct
import subprocess

START_INFO, COMMAND_LINE, MEMORY_MAP, MODULES = 0x6000, 0x20000, 0x7000, 0x6040
KERNEL_START = 1 << 20  # HIMEM_START, HIGH_RAM_START: nothing of a kernel below
START_MAGIC = 0x336EC578
ROM_BYTES = 65536

ROM = '''
bits 16
org 0xffff0000
start:
    cli
    o32 lgdt [cs:gdt_pointer - start]
    mov eax, cr0
    or  al, 1
    mov cr0, eax
    jmp dword 8:wide
bits 32
wide:
    mov eax, 16
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov ebx, {start_info}
    mov eax, {entry}
    jmp eax
align 8
gdt:
    dq  0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    dw  23
    dd  gdt
    times 0xfff0 - ($ - start) db 0
bits 16
    jmp start
    times 0x10000 - ($ - start) db 0
'''


class Refused(Exception):
    """The loader's own error."""


def load_elf(image):
    """linux-loader: [(physical address, bytes)], and the PVH entry."""
    if image[:4] != b'\x7fELF':
        raise Refused('InvalidElfMagicNumber')
    if image[5] != 1:
        raise Refused('BigEndianElfOnLittle')
    entry, headers = struct.unpack_from('<QQ', image, 24)
    size, count = struct.unpack_from('<HH', image, 54)
    if size != 56:
        raise Refused('InvalidProgramHeaderSize')
    if headers < 64:
        raise Refused('InvalidProgramHeaderOffset')
    if entry < KERNEL_START:
        raise Refused('InvalidEntryAddress')
    pieces, pvh_entry = [], None
    for at in range(headers, headers + size * count, size):
        kind, _, offset, _, physical, file_size, _, _ = struct.unpack_from('<IIQQQQQQ', image, at)
        if kind == 4:
            pvh_entry = find_note(image[offset : offset + file_size])
        elif kind == 1 and file_size:
            pieces.append((physical, image[offset : offset + file_size]))
    return pieces, pvh_entry


def find_note(notes):
    at = 0
    while at < len(notes):
        name_size, size, kind = struct.unpack_from('<III', notes, at)
        if kind == 18 and name_size == 4 and notes[at + 12 : at + 16] == b'Xen\0':
            if size < 4:
                raise Refused('InvalidPvhNote')
            return struct.unpack_from('<I', notes, at + 16)[0]
        at += 12 + (name_size + 3 & ~3) + (size + 3 & ~3)
    return None


def start_info(memory_bytes, modules=(0, 0), memory_map=None):
    """Firecracker's: version 1, a memory map of the two halves of low memory, no RSDP. @modules, @memory_map: (count,
    address) in place of what is there."""
    entries = [(0, 0x9FC00, 1), (KERNEL_START, memory_bytes - KERNEL_START, 1)]
    count, address = memory_map or (len(entries), MEMORY_MAP)
    info = struct.pack(
        '<IIIIQQQQII', START_MAGIC, 1, 0, modules[0], modules[1], COMMAND_LINE, 0, address, count, 0
    )
    return [(START_INFO, info), (MEMORY_MAP, b''.join(struct.pack('<QQII', *entry, 0) for entry in entries))]


def machine_words(folder, image, cmdline, memory_bytes, **info):
    """More options for QEMU's microvm, and no -kernel: memory as the VMM fills it before the first instruction."""
    pieces, entry = load_elf(image)
    if entry is None:
        raise Refused('KernelMissingPvhHeader')
    pieces += start_info(memory_bytes, **info) + [(COMMAND_LINE, cmdline.encode() + b'\0')]
    source, rom = folder / 'vmm.asm', folder / 'vmm.rom'
    source.write_text(ROM.format(start_info=START_INFO, entry=entry))
    subprocess.run(['nasm', '-f', 'bin', '-o', str(rom), str(source)], check=True)
    assert rom.stat().st_size == ROM_BYTES
    words = ['-bios', str(rom)]
    for i, (address, data) in enumerate(pieces):
        piece = folder / f'piece{i}'
        piece.write_bytes(data)
        words += ['-device', f'loader,file={piece},addr={address:#x},force-raw=on']
    return tuple(words)
