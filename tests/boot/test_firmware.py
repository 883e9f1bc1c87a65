# SPDX-License-Identifier: BSD-2-Clause
"""Whole machines with invalid firmware data: addresses, tables, power-off. GRUB's `acpi` command replaces
tables; the gdb stub changes GRUB's information."""
import re
import struct
import subprocess

import pytest

import acpi_forge as forge
from ashlar.gdb_stub import RAX, RBX, GdbStub

MENU = '''serial --unit=0 --speed=115200
terminal_output serial
insmod all_video
insmod acpi
{tables}
multiboot2 /boot/ashlar.elf @CMDLINE@
set gfxpayload={gfxpayload}
boot
'''


def named(lines, *patterns):
    """How many lines match each of @patterns."""
    return [sum(bool(re.search(pattern, line)) for line in lines) for pattern in patterns]


@pytest.fixture
def forged(start, build, tmp_path):
    """forged({'APIC': bytes, ...}, commands): a session of a machine with these tables in place of its own.

    A list in place of bytes: several of that kind."""

    def boot(tables, commands='', cmdline='', gfxpayload='text', machine='q35', **words):
        files, lines = [], []
        for signature, contents in tables.items():
            for number, content in enumerate(contents if isinstance(contents, list) else [contents]):
                files.append(tmp_path / f'{signature}{number}.bin')
                files[-1].write_bytes(content)
        if files:
            # GRUB lists the last one first.
            names = ' '.join(f'/boot/{file.name}' for file in reversed(files))
            lines = [f'acpi -1 -2 --exclude={",".join(tables)} {names}']
        cfg = tmp_path / 'grub.cfg'
        cfg.write_text(MENU.format(tables='\n'.join(lines), gfxpayload=gfxpayload))
        run = f'run="{commands}" ' if commands else ''
        iso = build().make_iso(
            tmp_path / 'forged.iso',
            cmdline=f'{run}{cmdline}',
            grub_cfg=cfg,
            files=files,
            grub_modules=['acpi'],
        )
        return start(image=iso, boot='iso', machine=machine, **words)

    return boot


# --- addresses -----------------------------------------------------------------------------------


def test_wrong_addresses_are_refused_with_a_reason_and_the_next_source_is_used(forged):
    tables = {
        'APIC': forge.madt(
            forge.cpu(0),
            forge.ioapic(1, 0, 48),
            forge.ioapic(2, 0x2000000, 72),
            forge.ioapic(3, 0xFEE00000, 96),
            forge.ioapic(0, 0xFEC00000, 0),
            forge.ioapic(4, 0xFEC00000, 24),
            forge.ioapic(5, 0xFEC00010, 24),
            forge.ioapic(6, 0xF0000, 24),
            forge.ioapic(7, 0xFFF00000, 24),
            forge.TIMER,
            forge.LINT1_NMI,
        ),
        'HPET': forge.hpet(1 << 40),
        # X_PM_TMR and a reset register in memory: flag bit 10.
        'FACP': forge.fadt(
            at_208=forge.gas(0, 1 << 40),
            at_112=struct.pack('<I', 0x84A5 | 1 << 10),
            at_116=forge.gas(0, 0x3000000, 8),
            at_128=b'\x06',
        ),
    }
    outcome = forged(tables, 'report; test irq*; exit', cpu='qemu64').wait(180)
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    for what, reason in (
        ('I/O APIC at P0', 'address zero'),
        ('I/O APIC at P0x2000000', r'address in RAM \(usable\)'),
        ('I/O APIC at P0xfee00000', 'address of the local APIC'),
        ('I/O APIC at P0xfec00000', r'address of another device \(I/O APIC\)'),
        ('I/O APIC at P0xfec00010', r'address of another device \(I/O APIC\)'),
        ('I/O APIC at P0xf0000', 'address in the first MiB'),
        ('I/O APIC at P0xfff00000', 'no I/O APIC responds there'),
        ('HPET at P0x10000000000', 'address out of range'),
        ('PM timer at P0x10000000000', 'address out of range'),
        ('reset register at P0x3000000', r'address in RAM \(usable\)'),
    ):
        assert named(lines, f'firmware: {what} refused: {reason}$') == [1], what
    assert named(lines, 'irq: I/O APIC 0 at P0xfec00000: GSI 0 to 23', 'irq: I/O APIC') == [1, 1]
    # The port of the old field is used where the address in memory is invalid.
    assert (
        'pm-timer' in outcome.stream.fact('time')['sources']
        and 'hpet' not in outcome.stream.fact('time')['sources']
    )


@pytest.mark.parametrize('address', [0, 0x2000000, 0xFEE00000], ids=['zero', 'ram', 'lapic'])
def test_without_a_usable_io_apic_the_8259s_are_used(forged, address):
    tables = {'APIC': forge.madt(forge.cpu(0), forge.ioapic(0, address, 0), forge.TIMER, forge.LINT1_NMI)}
    session = forged(tables)
    session.expect(r'^ashlar> ', 120)
    session.type('irqs; exit\n')
    outcome = session.wait(60)
    assert outcome.verdict == 'pass', outcome.words
    assert named(
        outcome.stream.lines, 'I/O APIC at .* refused', 'irq: device interrupts through the 8259s'
    ) == [1, 1]


# --- tables --------------------------------------------------------------------------------------


def test_a_madt_entry_of_length_0_ends_the_table_and_is_reported_once(forged):
    tables = {
        'APIC': forge.madt(forge.cpu(0), bytes(8), forge.ioapic(0, 0xFEC00000, 0)),
        'HPET': [forge.hpet(0), forge.hpet(0xFED00000)],
    }
    outcome = forged(tables, 'report; exit').wait(120)
    assert outcome.verdict == 'pass', outcome.words
    # The second of two HPET tables is used where the first is invalid.
    assert named(outcome.stream.lines, 'firmware: HPET at P0 refused: address zero') == [1]
    assert 'hpet' in outcome.stream.fact('time')['sources']
    assert named(
        outcome.stream.lines,
        'acpi: MADT: invalid entry length, .* from offset 52$',
        'the rest of the table is ignored',
    ) == [
        1,
        1,
    ]


def test_an_override_of_another_bus_counts_as_isa_and_is_reported(forged):
    tables = {
        'APIC': forge.madt(
            forge.cpu(0), forge.ioapic(0, 0xFEC00000, 0), forge.override(0, 2, bus=3), forge.LINT1_NMI
        )
    }
    outcome = forged(tables, 'acpi APIC; test irq*; exit').wait(120)
    assert outcome.verdict == 'pass', outcome.words
    assert named(
        outcome.stream.lines,
        "acpi: MADT: interrupt source override of a bus other than ISA, .*: bus 3$",
        '=> ISA interrupt 0 is GSI 2',
    ) == [1, 1]


# --- power-off -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'tables',
    [
        {'DSDT': forge.dsdt(forge.S5_OF_ONE)},
        {'DSDT': forge.dsdt(), 'SSDT': [forge.dsdt(b'', 'SSDT'), forge.dsdt(forge.S5_OF_ONE_BYTE, 'SSDT')]},
    ],
    ids=['one-element', 'in-an-ssdt'],
)
def test_power_off_works_where_s5_exists(forged, tables):
    outcome = forged(tables, 'exit', debug_exit=False).wait(120)
    assert (outcome.verdict, outcome.exit_status) == ('pass', 0), outcome.words


@pytest.mark.parametrize('command', ['exit', 'reboot'])
def test_sleep_and_reset_registers_may_be_in_memory(start, command):
    """A hardware-reduced machine: QEMU's microvm has both registers at an address. -no-reboot makes a reset its end."""
    session = start(
        boot='kernel',
        machine='microvm',
        extra=('-machine', 'microvm,acpi=on'),
        debug_exit=False,
        cmdline=f'run="acpi FACP; {command}"',
    )
    session.expect(r'sleep control +memory P0x', 60)
    session.process.wait(60)
    lines = session.stream().lines
    assert session.process.returncode == 0
    assert named(lines, 'halted', 'register.* refused') == [0, 0], lines


def test_an_impossible_power_off_halts_and_does_not_reset(forged):
    session = forged({'DSDT': forge.dsdt()}, 'exit', debug_exit=False, no_reboot=False)
    session.expect(r'power-off: this machine has no method: halted', 120)
    outcome = session.wait(60)
    assert (outcome.verdict, outcome.exit_status) == ('pass', None), outcome.words
    assert named(outcome.stream.lines, 'boot: Ashlar') == [1]


# --- tables changed in memory --------------------------------------------------------------------

RSDP_OF_START_INFO = 32  # of a PVH loader: struct hvm_start_info


def find_table(gdb, signature):
    """The address of a table, from the root pointer that a PVH loader names at the stub's first instruction."""
    (rsdp,) = struct.unpack('<Q', gdb.read(gdb.register(RBX) + RSDP_OF_START_INFO, 8))
    (xsdt,) = struct.unpack('<Q', gdb.read(rsdp + 24, 8))
    (size,) = struct.unpack('<I', gdb.read(xsdt + 4, 4))
    for address in struct.unpack(f'<{(size - 36) // 8}Q', gdb.read(xsdt + 36, (size - 36) // 8 * 8)):
        if gdb.read(address, 4) == signature:
            return address
    raise AssertionError(f'no {signature}')


def test_io_apics_do_not_share_gsis(start, build):
    """A machine of two: the second's GSIs are moved into the first's."""
    session = start(
        boot='kernel',
        machine='microvm',
        cmdline='run="irqs; exit"',
        extra=('-machine', 'microvm,acpi=on,ioapic2=on', '-S', '-gdb', 'unix:gdb.sock,server=on,wait=off'),
    )
    with GdbStub(session.folder / 'gdb.sock') as gdb:
        gdb.run_to(symbol_of(build().elf, 'pvh_entry'))
        madt = find_table(gdb, b'APIC')
        data = gdb.read(madt, struct.unpack('<I', gdb.read(madt + 4, 4))[0])
        at, ioapics = 44, []
        while at < len(data):
            if data[at] == 1:
                ioapics.append((at, *struct.unpack_from('<II', data, at + 4)))
            at += data[at + 1]
        assert [base for _, _, base in ioapics] == [0, 24]
        gdb.write(madt + ioapics[1][0] + 8, struct.pack('<I', 23))
        gdb.go_on()
        outcome = session.wait(120)
    assert outcome.verdict == 'pass', outcome.words
    assert named(
        outcome.stream.lines,
        'I/O APIC . at P0xfec00000: GSI 0 to 23',
        f'firmware: I/O APIC at P{ioapics[1][1]:#x} refused: its GSIs are another I/O APIC.s',
        'acpi: APIC at P.*: bad checksum; used anyway',
    ) == [1, 1, 1], outcome.stream.lines


# --- data of the boot loader -------------------------------------------------------------------


def tags_of(gdb):
    """The Multiboot2 information at the stub's entry: (type, address, size) of each tag."""
    at = gdb.register(RBX)
    end = at + struct.unpack('<I', gdb.read(at, 4))[0]
    at += 8
    while at < end:
        kind, size = struct.unpack('<II', gdb.read(at, 8))
        yield kind, at, size
        at += (size + 7) & ~7


def symbol_of(elf, name):
    done = subprocess.run(['nm', str(elf)], stdout=subprocess.PIPE, text=True, check=True)
    return int(re.search(rf'^(\w+) T {name}$', done.stdout, re.MULTILINE)[1], 16)


def entry_of(elf):
    return struct.unpack_from('<I', elf.read_bytes(), 24)[0]


MEMORY_MAP, FRAMEBUFFER, ROOT_POINTER_2 = 6, 8, 15
MULTIBOOT2 = 0x36D76289
MAP_ENTRY = 24
EBDA_SEGMENT = 0x40E


def spoil_root_pointer(gdb, at):
    """The XSDT's address leads to zeros; both checksums are right."""
    data = bytearray(gdb.read(at + 8, 36))
    assert data[:8] == b'RSD PTR ' and data[15] >= 2
    data[24:32] = struct.pack('<Q', 0x6000000)
    data[32] = 0
    data[32] = -sum(data) & 0xFF
    gdb.write(at + 8, bytes(data))


def put_framebuffer(address):
    return lambda gdb, at, size: gdb.write(at + 8, struct.pack('<Q', address))


def put_map_entry(index, start, length, kind=1):
    """@index: from the end where it is negative."""

    def put(gdb, at, size):
        count = (size - 16) // MAP_ENTRY
        gdb.write(at + 16 + MAP_ENTRY * (index % count), struct.pack('<QQII', start, length, kind, 0))

    return put


@pytest.fixture
def doubted(forged, build):
    """doubted({tag: change}, commands): a finished boot whose Multiboot2 tags were changed at the stub's first instruction."""

    def boot(changes, commands, memory=(), **words):
        session = forged(
            {'HPET': forge.hpet(0xFED00000)},
            commands,
            gfxpayload='1024x768x32',
            cpu='qemu64',
            extra=('-S', '-gdb', 'unix:gdb.sock,server=on,wait=off'),
            **words,
        )
        with GdbStub(session.folder / 'gdb.sock') as gdb:
            gdb.run_to(entry_of(build().elf))
            assert gdb.register(RAX) == MULTIBOOT2
            left = dict(changes)
            for kind, at, size in list(tags_of(gdb)):
                if kind in left:
                    left.pop(kind)(gdb, at, size)
            assert not left
            for address, data in memory:
                gdb.write(address, data)
            gdb.go_on()
            outcome = session.wait(180)
        assert outcome.verdict == 'pass', outcome.words
        return outcome.stream.lines

    return boot


def test_addresses_from_the_loader_are_validated(doubted):
    """An XSDT that is none, RAM at 2^45, a framebuffer at 2^54, a BIOS that begins at 512 KiB."""
    lines = doubted(
        {
            MEMORY_MAP: put_map_entry(-1, 1 << 45, 1 << 30),
            FRAMEBUFFER: put_framebuffer(1 << 54),
            ROOT_POINTER_2: lambda gdb, at, size: spoil_root_pointer(gdb, at),
        },
        'acpi; map; exit',
        memory=[(EBDA_SEGMENT, b'\0\x80')],
    )
    assert named(
        lines,
        'acpi: XSDT at P0x6000000: invalid header; using the RSDT',
        'acpi: RSDT at P',
        'memory: 1048576 KiB of RAM from P0x200000000000 not used: beyond P0x',
        'firmware: framebuffer at P0x40000000000000 refused: address out of range',
    ) == [1, 1, 1, 1], lines
    assert any(line.startswith('HPET') for line in lines)
    swept = lines[lines.index('memory map:') :]
    assert named(
        swept,
        '0000000000000000 - 0000000000010000 .* reserved',
        '0000000000010000 - 0000000000080000 .* usable',
        '0000000000080000 - 0000000000100000 .* reserved',
    ) == [1, 1, 1], swept


def test_cpus_start_from_the_first_64_kib_if_no_other_memory_is_free(doubted):
    """Conventional memory ends at 60 KiB; and the framebuffer is in RAM."""
    lines = doubted(
        {MEMORY_MAP: put_map_entry(0, 0, 0xF000), FRAMEBUFFER: put_framebuffer(0x8000000)},
        'map; cpus; exit',
        smp='2',
    )
    assert named(
        lines,
        'memory: P0xc000 to P0xe000 of the first 64 KiB not reserved: needed to start CPUs',
        'smp: 2 of 2 CPUs online',
        r'firmware: framebuffer at P0x8000000 refused: address in RAM',
    ) == [1, 1, 1]
    swept = lines[lines.index('memory map:') :]
    assert named(swept, '000000000000c000 - 000000000000e000 .* usable') == [1], swept


@pytest.mark.parametrize(
    'option, line',
    [
        ('reserve_low=128K', '0000000000020000 - 000000000009f000 .* usable'),
        ('reserve_low=4K', '0000000000003000 - 000000000009f000 .* usable'),
        ('reserve_low=1M', '0000000000010000 - 000000000009f000 .* usable'),
    ],
)
def test_reserve_low_sets_how_much_belongs_to_firmware(boot, option, line):
    outcome = boot('map; exit', boot='kernel', cmdline=option)
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    assert named(lines[lines.index('memory map:') :], line) == [1]
    assert named(lines, 'reserve_low=1M: expected a size of 4K to 640K') == [option == 'reserve_low=1M']
