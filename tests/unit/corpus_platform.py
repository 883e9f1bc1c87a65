#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes struct platform of every machine of the corpus and compares with what an independent program expects.

usage: corpus_platform.py DESCRIBE_PLATFORM DEFAULT_CORPUS

corpus.py finds the corpus. A case is a machine: the folder acpi/NAME of raw tables with an oracle.json. What
the struct has to hold follows from the oracle's rows of the first table of each kind that it does not reject.
"""
import json
import subprocess
import sys

import corpus
from corpus_acpi import plain

NO_CPU = 0xFFFFFFFF
PAGE = 4096
TOP = 2**64 - 1
# Rows of "power", as enum acpi_power_register has them.
PM1A_EVENT, PM1A_CONTROL, RESET = 0, 2, 8


def wiring(polarity, trigger):
    return [int(polarity == 3), int(trigger == 3)]


def expect_madt(madt):
    """CPUs are the enabled ones, each APIC ID once; an NMI input is its processor UID's CPUs', or no listed one's."""
    if madt is None:
        return {'source': 0, 'has_8259': 1, 'lapic_address': TOP, 'ioapics': [], 'lint_nmis': [[-1, 1]]}
    if 'enabled_ids' not in madt:  # a hand-made one, of which the oracle has the LAPIC entries alone
        return {'source': 1}
    address = madt['lapic_address_override'] or [madt['lapic_address']]
    lints = []
    for kind, of_all, cpus in (('lapic_nmi', 0xFF, 'lapic'), ('x2apic_nmi', 0xFFFFFFFF, 'x2apic')):
        for uid, *_, lint in madt[kind]:
            mine = [apic for other, apic, _ in madt[cpus] if other == uid]
            lints += [[apic, lint] for apic in ([-1] if uid == of_all else mine or [NO_CPU])]
    return {
        'source': 1,
        'has_8259': madt['flags'] & 1,
        'lapic_address': address[0],
        'ioapics': madt['ioapic'],
        'isa_inputs': [[source, gsi, *wiring(*wires)] for _, source, gsi, _, *wires in madt['iso']],
        'nmi_sources': [row[0] for row in madt['nmi_source']],
        'lint_nmis': lints or [[-1, 1]],
    }


def cpus_of(madt):
    if madt is None:
        return []
    of_lapics = [apic for _, apic, flags in madt['lapic'] if flags & 1]
    return list(dict.fromkeys(madt.get('enabled_ids', of_lapics)))


def expect_nodes(madt, srat):
    """Without a SRAT; node_mistakes() judges one."""
    if srat is None:
        return {'cpus': [[apic, -1] for apic in cpus_of(madt)], 'nodes': 1, 'ranges': []}
    return {}


def is_usable(gas):
    """In memory, or a port that exists."""
    return gas['address'] != 0 and (gas['space'] == 0 or gas['space'] == 1 and gas['address'] <= 0xFFFF)


def expect_power(fadt):
    """The rows that the oracle has fields for: PM1a event and control, as ports before addresses, and reset."""
    reduced = fadt['hw_reduced']
    expected = {
        'has_fadt': 1,
        'hw_reduced': reduced,
        'smi_command': 0 if reduced else fadt['smi_cmd'],
        'acpi_enable': 0 if reduced else fadt['acpi_enable'],
    }
    rows = {PM1A_EVENT: [0, 0, 0], PM1A_CONTROL: [0, 0, 0], RESET: [0, 0, 0]}
    for row, name, size in (
        (PM1A_EVENT, 'pm1a_evt', fadt['pm1_evt_len']),
        (PM1A_CONTROL, 'pm1a_cnt', 2),
    ):
        wide = fadt.get('x_' + name, {'space': 0, 'address': 0})
        if not reduced and 0 < fadt[name] <= 0xFFFF:
            rows[row] = [1, fadt[name], size]
        elif not reduced:
            rows[row] = [wide['space'], wide['address'] if is_usable(wide) else 0, size]
    reset = fadt.get('reset_reg')
    can_reset = (
        fadt['reset_supported'] and 'reset_value' in fadt and (is_usable(reset) or reset['space'] == 2)
    )
    if can_reset and reset['address'] != 0:
        rows[RESET] = [reset['space'], reset['address'], 1]
        expected['reset_value'] = fadt['reset_value']
    return expected, rows


def power_mistakes(fadt, described):
    expected, rows = expect_power(fadt)
    for field, value in expected.items():
        if described[field] != value:
            yield f'{field} is {described[field]}, not {value}'
    for row, value in rows.items():
        if described['power'][row] != value:
            yield f'power register {row} is {described["power"][row]}, not {value}'


def expected_of(tables):
    first = {}
    for name, table in tables.items():
        kind = name.split('.')[0]
        if not table.get('reject'):
            first.setdefault(kind, []).append({key: plain(value) for key, value in table.items()})
    one = {kind: rows[0] for kind, rows in first.items()}
    expected = expect_madt(one.get('APIC')) | expect_nodes(one.get('APIC'), one.get('SRAT'))
    expected['hpets'] = [row['base']['address'] for row in first.get('HPET', [])]
    if 'FACP' in one:
        expected['rtc_century'] = one['FACP'].get('century', 0)
        expected['has_rtc'] = 1 - (one['FACP'].get('boot_flags', 0) >> 5 & 1)
    if 'MCFG' in one:
        names = ('base', 'segment', 'start_bus', 'end_bus')
        rows = [
            [row[name] for name in names] if isinstance(row, dict) else row for row in one['MCFG']['segments']
        ]
        expected['pci_segments'] = [row for row in rows if row[2] <= row[3]]
    return expected


def node_mistakes(srat, described):
    """Ranges are disjoint, whole pages, and of the domain of an enabled entry that has them; none is forgotten."""
    revision = srat.get('revision', 2)
    memory = [
        (row[0] & 0xFF if revision == 1 else row[0], row[1], min(row[1] + row[2], TOP))
        for row in srat['memory']
        if row[3] and not row[5] and row[2] > 0
    ]
    covered = 0
    for domain, start, end in described['ranges']:
        if start % PAGE or end % PAGE or start >= end:
            yield f'the range {start:#x} to {end:#x} is empty or not of whole pages'
        if not any(d == domain and s < end and start < e + PAGE for d, s, e in memory):
            yield f'no entry gives {start:#x} to domain {domain}'
        covered += end - start
    ends = sorted((start, end) for _, start, end in described['ranges'])
    if any(a[1] > b[0] for a, b in zip(ends, ends[1:])):
        yield 'ranges overlap'
    union, top = 0, 0
    for start, end in sorted((s & -PAGE, e & -PAGE) for _, s, e in memory):
        union += max(0, end - max(start, top))
        top = max(top, end)
    if covered != union:
        yield f'ranges cover {covered} bytes, not {union}'
    of_cpu = {}
    for apic, domain, enabled in [
        *((row[0], row[1] if revision == 1 else row[1] | row[2] << 8, row[3]) for row in srat['cpus']),
        *srat['x2apic'],
    ]:
        if enabled:
            of_cpu.setdefault(apic, set()).add(domain)
    for apic, domain in described['cpus']:
        if apic in of_cpu and domain not in of_cpu[apic]:
            yield f'CPU {apic} is of domain {domain}, not {of_cpu[apic]}'


def first_of(kind, tables):
    """The first table of a kind that the oracle does not reject."""
    for name, table in tables.items():
        if name.split('.')[0] == kind and not table.get('reject'):
            return {key: plain(value) for key, value in table.items()}
    return None


def mistakes(program, case):
    """What is wrong in a case, as sentences."""
    tables = json.loads((case / 'oracle.json').read_text())['tables']
    files = [
        str(case / f'{name}.bin') for name in tables if name.split('.')[0] not in ('RSDP', 'RSDT', 'XSDT')
    ]
    output = subprocess.run([program, *files], check=True, capture_output=True, text=True).stdout
    described = json.loads(output)
    for field, value in expected_of(tables).items():
        if described[field] != value:
            yield f'{field} is {described[field]}, not {value}'
    fadt = first_of('FACP', tables)
    if fadt and 'smi_cmd' in fadt:
        yield from power_mistakes(fadt, described)
    elif not fadt and described['has_fadt']:
        yield 'has_fadt is 1, and there is no FADT'
    srat = first_of('SRAT', tables)
    if srat and described['nodes'] < 64:
        yield from node_mistakes(srat, described)


def main():
    program, default = sys.argv[1:]
    cases = [path.parent for path in corpus.find_cases(default, 'acpi', '*/oracle.json')]
    return corpus.judge('platform', cases, lambda case: mistakes(program, case))


if __name__ == '__main__':
    sys.exit(main())
