# SPDX-License-Identifier: BSD-2-Clause
"""APIC IDs that are not the initial ones of CPUID: docs/smp.md. Other CPUs that are started so: tests/self/test_apic_id.c."""
import re

import firmware_leaves

HANG_SECONDS = 120
LAPIC_ID = 0xFEE00020
NEW_ID = 0x11
# Where QEMU's firmware puts the tables of a machine of 512 MiB.
TABLES, TABLES_SIZE = 0x1FFE0000, 0x20000

# The MADT's first entry is the first CPU: its APIC ID is byte 3 of the entry, which is byte 44 of the table; byte 9 makes the
# sum 0. (ACPI specification 6.5, 5.2.12.2.)
RENUMBER_IN_MADT = (
    f"find /b {TABLES:#x}, +{TABLES_SIZE - 4:#x}, 'A', 'P', 'I', 'C'",
    'set $madt = $_',
    'printf "%d tables, first CPU %d\\n", $numfound, {unsigned char}($madt + 47)',
    f'set {{unsigned char}}($madt + 47) = {NEW_ID}',
    f'set {{unsigned char}}($madt + 9) = {{unsigned char}}($madt + 9) - {NEW_ID}',
)


def test_a_bsp_renumbered_by_firmware_is_not_started_again(start, build):
    session = firmware_leaves.start_after(
        start,
        build,
        firmware_leaves.store(LAPIC_ID, NEW_ID << 24),
        RENUMBER_IN_MADT,
        smp='2',
        cmdline='run="cpus; test irq.*; test smp.*; exit"',
    )
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any(f'irq: local APIC {NEW_ID}, ' in line for line in outcome.stream.lines)
    assert any(re.search(r'smp: 2 of 2 CPUs online', line) for line in outcome.stream.lines)
    assert not any('MADT' in line and 'dropped' in line for line in outcome.stream.lines)
    rows = [
        line.split()[:5]
        for line in outcome.stream.lines
        if re.match(r' +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ ', line)
    ]
    # cpu, apic, package, die, core: its place in the topology is CPUID's, not the firmware's.
    assert rows == [['0', str(NEW_ID), '0', '0', '0'], ['1', '1', '0', '0', '1']]
