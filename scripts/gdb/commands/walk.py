# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-walk ADDRESS: the page-table walk of a virtual address.

In a running machine it reads physical memory through QEMU's own switch, so it works at any moment: before
kernel64 has a direct map, and when its tables are wrong. A dump is found by virtual address, and gdb does not
show its CR3: there the walk begins at the root of the kernel's tables and reads them in the direct map.
"""
import gdb

from commands.target import (
    DIRECT_MAP_START,
    evaluate_number,
    is_dump,
    number,
    parse,
    read_physical,
    register,
    word_at,
)

PAGE_ADDRESS = 0x000FFFFFFFFFF000
CR4_LA57 = 1 << 12
PAGING_ROOT = "'vm/address_space.c'::paging.root.raw"
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


def flag_words(entry, level):
    """The entry's bits as text; dirty and global are defined in the last level only."""
    is_leaf = level == 1 or entry & LARGE
    words = [
        is_set if entry >> bit & 1 else clear for bit, is_set, clear in FLAGS if is_leaf or bit not in (6, 8)
    ]
    return ', '.join(word for word in words if word)


def live_tables():
    """(levels, root, reader of a physical word) of the selected CPU; None while its paging is off."""
    if not register('cr0') >> 31:
        return None
    levels = 5 if register('cr4') & CR4_LA57 else 4
    return levels, register('cr3') & PAGE_ADDRESS, read_physical


def dumped_tables():
    """The same of a dump. The kernel has one address space, of four levels."""
    root = number(parse(PAGING_ROOT))
    if root == 0:
        raise gdb.GdbError('the kernel had no page tables of its own yet: walk a running machine')
    return 4, root, lambda physical: word_at(DIRECT_MAP_START + physical)


def walk(virtual):
    """The lines of the walk."""
    tables = dumped_tables() if is_dump() else live_tables()
    if tables is None:
        return ['paging is off: virtual is physical']
    level, table, word = tables
    width = 9 * level + 12
    if virtual >> (width - 1) not in (0, (1 << (65 - width)) - 1):
        return [f'{virtual:#018x} is not canonical']
    root = "the kernel's root" if is_dump() else 'CR3'
    lines = [f'{virtual:#018x}, from {root} P{table:#x}']
    while True:
        shift = 12 + 9 * (level - 1)
        index = virtual >> shift & 0x1FF
        entry = word(table + 8 * index)
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


class Walk(gdb.Command):
    """Print the page-table walk of a virtual address.
    ashlar-walk ADDRESS: level by level, with the selected CPU's CR3; in a dump, in the kernel's tables."""

    def __init__(self):
        super().__init__('ashlar-walk', gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError('usage: ashlar-walk ADDRESS')
        print('\n'.join(walk(evaluate_number(argument))))


Walk()
