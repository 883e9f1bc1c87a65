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
    srat = next((t for n, t in tables.items() if n.split('.')[0] == 'SRAT' and not t.get('reject')), None)
    if srat and described['nodes'] < 64:
        yield from node_mistakes({key: plain(value) for key, value in srat.items()}, described)


def main():
    program, default = sys.argv[1:]
    cases = [path.parent for path in corpus.find_cases(default, 'acpi', '*/oracle.json')]
    return corpus.judge('platform', cases, lambda case: mistakes(program, case))


if __name__ == '__main__':
    sys.exit(main())
