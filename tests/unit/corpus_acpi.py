#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Decodes every ACPI table of the corpus and compares with what an independent program expects.

usage: corpus_acpi.py DECODE_ACPI DEFAULT_CORPUS

corpus.py finds the corpus. A case is a folder acpi/NAME of raw tables (SIGNATURE.bin, SIGNATURE.2.bin, ...)
with an oracle.json, and passes when every field that the oracle has of every table is decoded to the same. Fields are
compared as stored, unless a comment below says otherwise; a field that this program does not know makes its case fail.
"""
import json
import subprocess
import sys

import corpus

# Tables that there is a parser for.
KINDS = {'APIC', 'FACP', 'HPET', 'MCFG', 'RSDP', 'RSDT', 'SLIT', 'SRAT', 'XSDT'}
# The oracle's statements about the file or about iasl, and not about the table.
NOT_DECODED = {'table', 'bytes', 'iasl_notes'}
NAMES = ('oem_id', 'oem_table_id')
FADT_FLAG_BITS = {
    'wbinvd': 1,
    'pm_timer_32bit': 8,
    'reset_supported': 10,
    'force_apic_cluster': 18,
    'force_apic_physical': 19,
    'hw_reduced': 20,
    'low_power_s0': 21,
}
BOOT_FLAG_BITS = {'legacy_devices': 0, 'i8042': 1, 'no_vga': 2, 'no_msi': 3, 'no_cmos_rtc': 5}


def plain(value):
    """Numbers as numbers: the oracle writes some as hexadecimal text."""
    if isinstance(value, str) and value.startswith('0x'):
        return int(value, 16)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def name_of(text):
    """A name in a common form: the oracle pads with blanks and replaces unprintable characters by one, the
    parser does not pad and replaces them by '?'."""
    return ''.join(c if ' ' < c <= '~' and c != '?' else ' ' for c in text).rstrip()


def expect_root_pointer(oracle):
    """From the pointer's parts to what follows from them: which table is the root."""
    if not oracle.pop('checksum20_ok'):
        return {'reject': True}
    rsdt, xsdt = oracle.pop('rsdt'), oracle.pop('xsdt', 0)
    is_whole = oracle.pop('checksum_ext_ok', False) and oracle.pop('length', 0) >= 36
    is_xsdt = oracle['revision'] >= 2 and is_whole and xsdt != 0
    return oracle | {'is_xsdt': is_xsdt, 'table': xsdt if is_xsdt else rsdt}


def expect_fadt(oracle):
    """The oracle spells flags out, and of two addresses of one register the parser has the one in effect."""
    expected = dict(oracle)
    for name in ('dsdt', 'facs'):
        if name in expected:
            narrow = expected.pop(name)
            expected['effective_' + name] = expected.pop('x_' + name, 0) or narrow
    for word, bits in (('flags', FADT_FLAG_BITS), ('boot_flags', BOOT_FLAG_BITS)):
        for name, bit in bits.items():
            if expected.pop(name, None) not in (None, oracle.get(word, 0) >> bit & 1):
                raise ValueError(f'the oracle contradicts itself about {name}')
    expected['hw_reduced'] = oracle['flags'] >> 20 & 1
    return expected


def expect_srat(oracle):
    """A domain is one number; its upper bytes are reserved in revision 1."""
    revision = oracle.get('revision', 2)
    expected = dict(oracle)
    if 'cpus' in oracle:
        expected['cpus'] = [
            [apic, low | high << 8 if revision > 1 else low, enabled]
            for apic, low, high, enabled in oracle['cpus']
        ]
    if 'memory' in oracle and revision == 1:
        expected['memory'] = [[row[0] & 0xFF, *row[1:]] for row in oracle['memory']]
    return expected


def expect_mcfg(oracle):
    """Rows as arrays, which the oracle has only of the hand-made ones."""
    names = ('base', 'segment', 'start_bus', 'end_bus')
    rows = [[row[name] for name in names] if isinstance(row, dict) else row for row in oracle['segments']]
    return oracle | {'segments': rows}


def expected_of(kind, oracle):
    """The oracle's fields under the decoder's names."""
    oracle = {key: plain(value) for key, value in oracle.items() if key not in NOT_DECODED}
    for name in NAMES:
        if name in oracle:
            oracle[name] = name_of(oracle[name])
    if oracle.get('reject'):
        return oracle
    return {'RSDP': expect_root_pointer, 'FACP': expect_fadt, 'SRAT': expect_srat, 'MCFG': expect_mcfg}.get(
        kind, lambda same: same
    )(oracle)


def decode(program, files):
    """The output of decode_acpi for each (kind, path)."""
    words = [word for kind, path in files for word in (kind, str(path))]
    output = subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout
    lines = output.splitlines()
    if len(lines) != len(files):
        raise ValueError(f'{len(files)} tables went in and {len(lines)} came out')
    return [
        {field: name_of(value) if field in NAMES else value for field, value in json.loads(line).items()}
        for line in lines
    ]


def mistakes(program, case):
    """What is wrong in a case, as sentences."""
    tables = json.loads((case / 'oracle.json').read_text())['tables']
    files = [(name.split('.')[0], case / f'{name}.bin') for name in tables]
    if not tables or {path.stem for path in case.glob('*.bin')} != set(tables):
        yield 'the tables beside the oracle are not those it speaks of'
        return
    if not {kind for kind, _ in files} <= KINDS:
        yield f'no parser for one of {sorted(tables)}'
        return
    for (name, oracle), (kind, _), decoded in zip(tables.items(), files, decode(program, files)):
        expected = expected_of(kind, oracle)
        if not expected:
            yield f'{name}: the oracle expects nothing'
        for field, value in expected.items():
            if decoded.get(field) != value:
                yield f'{name}: {field} is {decoded.get(field)}, not {value}'
        # What the oracle does not have must not be made up: a refusal, a stop, a register.
        for field in {
            'reject',
            'stop',
            'reset_reg',
            'reset_value',
            'x_pm_tmr',
            'x_pm1a_cnt',
        } - expected.keys():
            if field in decoded:
                yield f'{name}: {field} is {decoded[field]}, and should not be there'


def main():
    program, default = sys.argv[1:]
    cases = [path.parent for path in corpus.find_cases(default, 'acpi', '*/oracle.json')]
    return corpus.judge('acpi', cases, lambda case: mistakes(program, case))


if __name__ == '__main__':
    sys.exit(main())
