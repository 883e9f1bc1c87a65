# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for Ashlar; sourced by ashlar.gdb.

    ashlar-symbols         load the symbols of kernel64 and of stub32
    ashlar-connect         connect to the machine that waits (ASHLAR_GDB, else port 1234)
    ashlar-relocate        move stub32's symbols to where the loader put it
    ashlar-walk ADDRESS    the page-table walk of a virtual address, level by level

The walk reads physical memory through QEMU's own switch, so it works at any moment: before
kernel64 has a direct map, and when its tables are wrong.
"""
import os

import gdb

BUILD = os.environ.get('ASHLAR_BUILD', 'build')
KERNEL64 = os.path.join(BUILD, 'kernel64/kernel64')
STUB32 = os.path.join(BUILD, 'stub32/ashlar.elf')

PAGE_ADDRESS = 0x000FFFFFFFFFF000
CR4_LA57 = 1 << 12
LEVELS = {5: 'PML5', 4: 'PML4', 3: 'PDPT', 2: 'PD', 1: 'PT'}
PRESENT, LARGE = 1 << 0, 1 << 7
# Bits of an entry, with the text for set and for clear.
FLAGS = [
    (1, 'writable', 'read-only'),
    (2, 'user', ''),
    (3, 'write-through', ''),
    (4, 'uncached', ''),
    (5, 'accessed', ''),
    (6, 'dirty', ''),
    (8, 'global', ''),
    (63, 'no-execute', 'executable'),
]


def read_physical(address):
    """The 64-bit word at a physical address (QEMU's gdbstub only)."""
    gdb.execute('maintenance packet Qqemu.PhyMemMode:1', to_string=True)
    try:
        return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), 'little')
    finally:
        gdb.execute('maintenance packet Qqemu.PhyMemMode:0', to_string=True)


def register(name):
    return int(gdb.parse_and_eval(f'(unsigned long)${name}'))


def flag_words(entry, level):
    """The entry's bits as text; dirty and global are defined in the last level only."""
    is_leaf = level == 1 or entry & LARGE
    words = [
        is_set if entry >> bit & 1 else clear for bit, is_set, clear in FLAGS if is_leaf or bit not in (6, 8)
    ]
    return ', '.join(word for word in words if word)


def walk(virtual):
    """The lines of the walk."""
    if not register('cr0') >> 31:
        return ['paging is off: virtual is physical']
    level = 5 if register('cr4') & CR4_LA57 else 4
    width = 9 * level + 12
    if virtual >> (width - 1) not in (0, (1 << (65 - width)) - 1):
        return [f'{virtual:#018x} is not canonical']
    table = register('cr3') & PAGE_ADDRESS
    lines = [f'{virtual:#018x}, from CR3 P{table:#x}']
    while True:
        shift = 12 + 9 * (level - 1)
        index = virtual >> shift & 0x1FF
        entry = read_physical(table + 8 * index)
        line = f'{LEVELS[level]}[{index}] = {entry:#018x}'
        if not entry & PRESENT:
            return lines + [f'{line}: not present']
        lines.append(f'{line}: {flag_words(entry, level)}')
        if level == 1 or (level <= 3 and entry & LARGE):
            size = 1 << shift
            # Bit 12 of a large page's entry is its PAT bit and not part of the address.
            physical = (entry & PAGE_ADDRESS & -size) | (virtual & (size - 1))
            return lines + [f'P{physical:#x}, in a page of {size >> 10} KiB']
        table = entry & PAGE_ADDRESS
        level -= 1


class Symbols(gdb.Command):
    """Load the symbols of kernel64 and of stub32."""

    def __init__(self):
        super().__init__('ashlar-symbols', gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        for path in (KERNEL64, STUB32):
            if not os.path.exists(path):
                raise gdb.GdbError(
                    f'no {path}: build first, or set ASHLAR_BUILD, and start gdb in the top folder'
                )
        gdb.execute(f'file {KERNEL64}')
        gdb.execute(f'add-symbol-file {STUB32}', to_string=True)


class Connect(gdb.Command):
    """Connect to the machine that scripts/run --debug started, or to the one that ASHLAR_GDB names."""

    def __init__(self):
        super().__init__('ashlar-connect', gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.execute(f'target remote {os.environ.get("ASHLAR_GDB", ":1234")}')


class Relocate(gdb.Command):
    """Move stub32's symbols to where the loader put it: GRUB may, in steps of 2 MiB. To be used in
    kernel64_main, whose first argument points at the hand-off."""

    def __init__(self):
        super().__init__('ashlar-relocate', gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        handoff = int(gdb.parse_and_eval('(unsigned long)$rdi'))
        loaded = read_physical(handoff + int(gdb.parse_and_eval('(long)&((struct handoff *)0)->image_start')))
        linked = int(gdb.parse_and_eval('(unsigned long)&__image_start')) & 0xFFFFFFFF
        if loaded != linked:
            gdb.execute(f'remove-symbol-file {STUB32}', to_string=True)
            gdb.execute(f'add-symbol-file {STUB32} -o {loaded - linked:#x}', to_string=True)
        print(f'stub32 is at P{loaded:#x}, linked at P{linked:#x}')


class Walk(gdb.Command):
    """Print the page-table walk of a virtual address: ashlar-walk ADDRESS"""

    def __init__(self):
        super().__init__('ashlar-walk', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError('usage: ashlar-walk ADDRESS')
        print('\n'.join(walk(int(gdb.parse_and_eval(f'(unsigned long)({argument})')))))


Symbols()
Connect()
Relocate()
Walk()
