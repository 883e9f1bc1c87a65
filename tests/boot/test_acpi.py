# SPDX-License-Identifier: BSD-2-Clause
"""The monitor's `acpi`: its lists and descriptions, and that ACPICA's own programs accept its dump."""
import re
import struct
import subprocess

import pytest

WAYS = [
    pytest.param({'boot': 'kernel', 'machine': 'q35'}, 'RSDT', id='q35'),
    pytest.param({'boot': 'kernel', 'machine': 'pc'}, 'RSDT', id='pc'),
    pytest.param({'boot': 'iso', 'firmware': 'uefi'}, 'XSDT', id='uefi'),
    pytest.param(
        {'boot': 'kernel', 'machine': 'microvm', 'extra': ('-machine', 'microvm,acpi=on')},
        'XSDT',
        id='microvm',
    ),
]


def run(*words, folder):
    return subprocess.run(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


def listed(lines):
    """Signature, length and checksum of each table that `acpi` listed."""
    rows = [re.match(r'(\S{4})\s+P0x[0-9a-f]+\s+(\d+)(?:\s+\d+\s+(\w+))?', line) for line in lines]
    return [match.groups() for match in rows if match]


@pytest.mark.parametrize('way, root', WAYS)
def test_acpica_reads_the_output_of_acpi_dump(way, root, boot, tmp_path):
    outcome = boot('acpi; acpi dump; exit', smp='3', **way)
    assert outcome.verdict == 'pass', outcome.words
    tables = listed(outcome.stream.lines)
    assert tables[0][0] == root
    assert {'FACP', 'APIC', 'DSDT'} <= {signature for signature, _, _ in tables}
    assert all(checksum == 'good' for signature, _, checksum in tables if signature != 'FACS')

    # Log lines may be printed between rows, and acpixtract does not accept them.
    (tmp_path / 'serial.txt').write_text(
        '\n'.join(line for line in outcome.stream.lines if not line.startswith('['))
    )
    run('acpixtract', '-a', 'serial.txt', folder=tmp_path)
    files = {path: path.read_bytes() for path in sorted(tmp_path.glob('*.dat'))}
    # Each once, whole: iasl checks the sum and complains in the listing where it is wrong.
    assert sorted((data[:4].decode(), len(data)) for data in files.values()) == sorted(
        (signature, int(length)) for signature, length, _ in tables
    )
    for path in files:
        words = run('iasl', '-d', path.name, folder=tmp_path)
        listing = path.with_suffix('.dsl').read_text()
        assert re.search('ASL Output|Formatted output', words) and 'Incorrect checksum' not in listing, words


def test_acpi_describes_the_machine(boot):
    outcome = boot(
        'acpi APIC; acpi FACP; acpi HPET; acpi MCFG; acpi SRAT; acpi SLIT; exit',
        boot='kernel',
        smp='4',
        memory='512M',
        extra=(
            '-object',
            'memory-backend-ram,size=256M,id=near',
            '-object',
            'memory-backend-ram,size=256M,id=far',
            '-numa',
            'node,nodeid=0,cpus=0-1,memdev=near',
            '-numa',
            'node,nodeid=1,cpus=2-3,memdev=far',
            '-numa',
            'dist,src=0,dst=1,val=31',
        ),
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = [line.strip() for line in outcome.stream.lines]
    assert sum(bool(re.fullmatch(r'CPU +APIC id \d, uid \d, enabled', line)) for line in lines) == 4
    for words in (
        '=> 4 CPUs can be started',
        '=> ISA interrupt 0 is GSI 2, active high, edge',
        'timer block          memory P0xfed00000, 0 bits',
        'segment 0, buses 0 to 255: configuration space at P0xb0000000',
        'CPU        APIC id 3: domain 1',
        'memory     P0x10000000 - P0x20000000: domain 1',
        'from domain 0     10  31',
    ):
        assert words in lines
    assert any(re.fullmatch(r'PM timer +port 0x608, wraps after \d\d bits', line) for line in lines)


def test_mp_tables_are_read_where_there_is_no_acpi(boot):
    outcome = boot('acpi MP; exit', boot='kernel', smp='2', cmdline='noacpi')
    assert outcome.verdict == 'pass', outcome.words
    assert any(
        line.startswith('MP tables of version 1.4') and line.endswith('checksum good')
        for line in outcome.stream.lines
    )
    assert '  I/O APIC   id 0 at P0xfec00000, enabled' in outcome.stream.lines


def test_a_missing_table_is_an_error(boot):
    outcome = boot('acpi NONE; exit', boot='kernel')
    assert outcome.verdict == 'fail'
    assert "'NONE' is not a table of this machine: 'acpi' lists them" in outcome.stream.lines
    assert 'acpi: not found' not in outcome.stream.lines


def spcr(port, baud_code):
    """The body of an SPCR, after the header: a 16550 at an I/O port."""
    return struct.pack('<B3xBBBBQBBIBBBBBB', 0, 1, 8, 0, 0, port, 0, 0, 0, baud_code, 0, 1, 0, 3, 0) + bytes(
        18
    )


@pytest.mark.parametrize('cmdline, moves', [('', True), ('console=serial', False)])
def test_the_serial_port_named_by_firmware_is_the_default(cmdline, moves, boot, tmp_path):
    (tmp_path / 'spcr').write_bytes(spcr(0x2F8, 7))
    second = tmp_path / 'second.log'
    outcome = boot(
        'date; exit',
        boot='kernel',
        cmdline=cmdline,
        extra=('-serial', f'file:{second}', '-acpitable', f'sig=SPCR,rev=2,data={tmp_path / "spcr"}'),
    )
    assert outcome.exit_status == 33, outcome.words
    words = second.read_text()
    assert ('"type":"verdict"' in words) == moves
    assert ('SPCR: serial port 0x2f8 at 115200 baud' in words) == moves
