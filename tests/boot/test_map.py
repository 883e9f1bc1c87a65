# SPDX-License-Identifier: BSD-2-Clause
"""`map`: the result alone, and apart from it what it was made of."""
import re

import pytest

ROW = re.compile(
    r'  ([0-9a-f]{16}) - ([0-9a-f]{16}) +(\d+|\d+\.\d+) ([KMGTPE]?i?B)  (\w[\w ]*?)(?: \(type (\d+)\))?'
)
UNITS = {'B': 0, 'KiB': 10, 'MiB': 20, 'GiB': 30, 'TiB': 40, 'PiB': 50, 'EiB': 60}
HEADINGS = {
    'efi': "firmware's EFI map:",
    'e820': "firmware's E820 map:",
    'kernel': 'reservations of the kernel:',
    'map': 'memory map:',
}


def sections(lines):
    """The rows below each heading: (start, end, kind, type)."""
    found, last = {}, None
    for line in lines:
        if line in HEADINGS.values():
            last = found.setdefault(line, [])
        elif match := ROW.fullmatch(line):
            start, end = int(match[1], 16), int(match[2], 16)
            assert len(match[3].replace('.', '')) <= (3 if '.' in match[3] else 4), line
            assert abs((end - start) / (1 << UNITS[match[4]]) - float(match[3])) < (
                1 if float(match[3]) >= 100 else 0.1
            ), line
            last.append((start, end, match[5], match[6]))
    return found


@pytest.fixture
def map_of(boot):
    """map_of(words, ...): sections(), by name, and all lines of `map WORDS`; and what the report has."""

    def run(words='', **machine):
        outcome = boot(f'report memory; map {words}; exit', **machine)
        assert outcome.verdict == 'pass', outcome.words
        # From the report on: GRUB and UEFI write to the same port.
        lines = outcome.stream.lines
        begin = next(at for at, line in enumerate(lines) if '"type":"memory"' in line)
        lines = [line for line in lines[begin + 1 :] if line and not line.startswith(('[', '@'))]
        assert not [line for line in lines if len(line) >= 80]
        found = sections(lines)
        return (
            {name: found[words] for name, words in HEADINGS.items() if words in found},
            lines,
            outcome.stream.fact('memory'),
        )

    return run


def test_map_shows_the_result_alone(map_of):
    found, lines, report = map_of(boot='kernel', memory='512M')
    assert list(found) == ['map'] and len(lines) <= 24
    usable = [{'start': start, 'end': end} for start, end, kind, _ in found['map'] if kind == 'usable']
    assert usable == report['usable']
    assert re.fullmatch(r'50\d MiB usable', lines[-2]), lines


@pytest.mark.parametrize('firmware', ['bios', 'uefi'])
def test_the_firmwares_maps_are_apart_and_the_reports(map_of, firmware):
    found, _, report = map_of('all', boot='iso', firmware=firmware)
    assert list(found) == (['efi'] if firmware == 'uefi' else []) + ['e820', 'kernel', 'map']
    listed = found.get('efi', []) + found['e820']
    firmwares = [(entry['start'], entry['end'], entry['kind']) for entry in report['firmware']]
    assert [entry[:3] for entry in listed] == firmwares
    # The numbers are each map's own: 7 is conventional memory in EFI's, 1 is RAM in the other.
    assert {row[3] for row in found.get('efi', []) if row[2] == 'usable'} <= {'1', '2', '3', '4', '7'}
    assert {row[3] for row in found['e820'] if row[2] == 'usable'} == {'1'}
    assert all(row[3] is None for row in found['kernel'])
    parts, lines, _ = map_of('efi; map e820; map kernel', boot='iso', firmware=firmware)
    assert parts == {name: rows for name, rows in found.items() if name != 'map'}
    assert ('the loader passed no EFI map' in lines) == (firmware == 'bios')
