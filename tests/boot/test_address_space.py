# SPDX-License-Identifier: BSD-2-Clause
"""`walk` and `audit` on the kernel's own tables, on machines of odd sizes."""
import re

import pytest


def paragraphs(lines, address):
    """The lines that one `walk` printed: from the first that names the address to the last."""
    named = [i for i, line in enumerate(lines) if line.startswith(address)]
    return lines[named[0] : named[-1] + 1]


def test_walk_describes_each_mapping(boot):
    outcome = boot(
        'walk kernel64_entry; walk 0xffff800003000000; walk 0x10; walk 0x800000000000; exit',
        boot='kernel',
        memory='64M',
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines

    code = paragraphs(lines, 'ffffffff800000')
    assert [line[:4].strip() for line in code[1:5]] == ['PML4', 'PDPT', 'PD', 'PT']
    assert code[0].endswith('lies in: the kernel image')
    assert 'page of 4 KiB: read, execute, write-back, global' in code[-1]

    ram = paragraphs(lines, 'ffff800003000000')
    assert [line[:4].strip() for line in ram[1:4]] == ['PML4', 'PDPT', 'PD']
    assert re.search(r'page:.* write .*no-execute', ram[3])
    assert ram[-1] == 'ffff800003000000 is P0x3000000, page of 2 MiB: read, write, write-back, global'

    # By the tables, too, and not only by the text: each entry leads to the next table.
    for walk in (code, ram):
        steps = [re.search(r' P0x([0-9a-f]+) \[ *(\d+)\] ([0-9a-f]{16})  ', line) for line in walk[1:-1]]
        for step, below in zip(steps, steps[1:]):
            assert int(step[3], 16) & 0x000FFFFFFFFFF000 == int(below[1], 16)

    nothing = paragraphs(lines, '0000000000000010')
    assert nothing[1].startswith('PML4') and nothing[1].endswith('not present')
    assert nothing[-1] == '0000000000000010 is not mapped'
    assert 'is not canonical' in paragraphs(lines, '0000800000000000')[0]


@pytest.mark.parametrize(
    'memory, cpu', [('20M', 'qemu64'), ('3000M', 'max'), ('1T', 'qemu64'), ('1T', 'max'), ('16T', 'max')]
)
def test_the_direct_map_covers_any_amount_of_ram(memory, cpu, boot):
    outcome = boot(
        'audit; test address_space*; test memmap*; report memory; exit', boot='kernel', memory=memory, cpu=cpu
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    assert 'no violation' in lines
    assert not any('is left out' in line for line in lines)
    # Only the machine's page tables and devices are added to RAM.
    mapped = next(int(match[1]) for line in lines if (match := re.search(r'tables map (\d+) KiB', line)))
    usable = outcome.stream.fact('memory')['usable_bytes'] >> 10
    assert usable < mapped
    # With 1 GiB pages a terabyte needs no more tables than a gigabyte, but two for its frames' descriptors.
    tables = next(int(match[1]) for line in lines if (match := re.search(r'^(\d+) tables map', line)))
    assert tables < (2048 if memory == '1T' and cpu == 'qemu64' else 340)
