# SPDX-License-Identifier: BSD-2-Clause
"""Initial inputs of tests/fuzz/fuzz_acpi.c: real machines' tables if there is a corpus, and small
synthetic ones of the kinds that the corpus lacks. The corpus is the folder that ASHLAR_CORPUS names (seen
from the source tree), else
../shared/corpus."""
import hashlib
import os
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST = 8000
# As in fuzz_acpi.c: the order of its parsers, what it puts right, where it puts memory.
PARSERS = [
    'view',
    'APIC',
    'FACP',
    'HPET',
    'MCFG',
    'SRAT',
    'SLIT',
    'SPCR',
    'DBG2',
    'DSDT',
    'PCMP',
    'tables',
    'mp',
]
FIX_ALL = 7
PLACES = [0xE0000, 0xF0000, 0x9FC00, 0x98000]


def seed(parser, content, fixes=0, place=0):
    return bytes([PARSERS.index(parser), fixes | place << 4]) + content


def table(signature, body, revision=1):
    return (
        struct.pack(
            '<4sIBB6s8sIII', signature.encode(), 36 + len(body), revision, 0, b'ASHLAR', b'SEED', 1, 0, 1
        )
        + body
    )


def machine(tables, place):
    """A root pointer, an XSDT and tables, side by side."""
    base, at = PLACES[place], 64 + 36 + 8 * len(tables)
    addresses = []
    content = b''
    for one in tables:
        addresses.append(base + at + len(content))
        content += one
    root = struct.pack('<8sB6sBIIQI', b'RSD PTR ', 0, b'ASHLAR', 2, 0, 36, base + 64, 0)
    return root.ljust(64, b'\0') + table('XSDT', struct.pack(f'<{len(tables)}Q', *addresses)) + content


def mp_machine(place):
    """A pointer and a table with an entry of each kind."""
    entries = (
        bytes([0, 3, 0x14, 3]).ljust(20, b'\0')
        + bytes([1, 0])
        + b'ISA   '
        + bytes([2, 4, 0x20, 1, 0, 0, 0xC0, 0xFE])
    )
    entries += bytes([3, 0, 0, 0, 0, 1, 4, 1]) + bytes([4, 3, 0, 0, 0, 0, 255, 0])
    content = (
        struct.pack(
            '<4sHBB8s12sIHHII',
            b'PCMP',
            44 + len(entries),
            4,
            0,
            b'ASHLAR  ',
            b'SEED        ',
            0,
            0,
            5,
            0xFEE00000,
            0,
        )
        + entries
    )
    pointer = struct.pack('<4sIBBBBBBBB', b'_MP_', PLACES[place] + 16, 1, 4, 0, 0, 0, 0, 0, 0)
    return pointer + content


def gas(space, address):
    return struct.pack('<BBBBQ', space, 8, 0, 1, address)


def made():
    s5 = b'\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00'
    yield seed('DSDT', table('DSDT', b'\x10\x05\\' + s5))
    yield seed('DSDT', table('DSDT', b'\x08\\_S5_\x12\x46\x00\x02\x00\x01'))
    yield seed('DSDT', table('DSDT', b'\x08_S5_\x12\x06\x02\x0a\x07\x0a\x08'))
    spcr = b'\0' * 4 + gas(1, 0x3F8) + bytes([3, 4, 4, 0, 0, 0, 7]) + b'\0' * 25
    yield seed('SPCR', table('SPCR', spcr))
    device = (
        struct.pack('<BHBHHHHHHHHH', 0, 22 + 12 + 4, 1, 0, 0, 0, 0, 0x8000, 0, 0, 22, 34)
        + gas(1, 0x2F8)
        + b'\0' * 4
    )
    yield seed('DBG2', table('DBG2', struct.pack('<II', 44, 2) + device * 2))
    memory = struct.pack('<BBIHQQIIQ', 1, 40, 0, 0, 0x1000, 0x9F000, 0, 1, 0)
    near = struct.pack('<BBBBIB3sI', 0, 16, 0, 1, 1, 0, b'', 0)
    far = struct.pack('<BBIHQQIIQ', 1, 40, 7, 0, 0x9000, 0x100000, 0, 1, 0)
    srat = table('SRAT', b'\0' * 12 + memory + near + far, 3)
    yield seed('SRAT', srat)
    distances = bytes(10 if i // 8 == i % 8 else 20 for i in range(64))
    yield seed('SRAT', srat + table('SLIT', struct.pack('<Q', 8) + distances))
    yield seed('SLIT', table('SLIT', struct.pack('<Q', 8) + distances))
    for place in range(len(PLACES)):
        yield seed('mp', mp_machine(place), FIX_ALL, place)
        facp = table('FACP', struct.pack('<II', 0, PLACES[place] + 0x80).ljust(240, b'\0'), 6)
        yield seed('tables', machine([table('DSDT', s5), facp, srat], place), FIX_ALL, place)


def from_corpus():
    folder = ROOT / os.environ.get('ASHLAR_CORPUS', '../shared/corpus') / 'acpi'
    for case in sorted(folder.glob('*/')):
        tables = []
        for path in sorted(case.glob('*.bin')):
            content = path.read_bytes()
            kind = content[:4].decode('latin-1')
            if len(content) <= LARGEST and kind in PARSERS:
                yield seed(kind, content)
                tables.append(content)
        if tables and sum(map(len, tables)) <= LARGEST - 512:
            yield seed('tables', machine(tables, 0), FIX_ALL)


def write(folder):
    for content in [*made(), *from_corpus()]:
        # Named by content, so that what two machines have in common is there once.
        (folder / f'{hashlib.sha1(content).hexdigest()}').write_bytes(content)
