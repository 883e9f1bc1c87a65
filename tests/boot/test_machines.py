# SPDX-License-Identifier: BSD-2-Clause
"""Each machine of machines.toml boots, passes the self-tests and describes itself truly."""
import itertools
import pathlib
import tomllib

import pytest

from ashlar.machine import parse_size

MACHINES = tomllib.loads((pathlib.Path(__file__).parent / 'machines.toml').read_text())
AXES = MACHINES['axes']
# What firmware may keep for itself, at most: OVMF's runtime data and ACPI tables; SeaBIOS' much less.
FIRMWARE_BYTES = {'bios': 2 << 20, 'uefi': 96 << 20}
# Memory that the image keeps.
OWN_BYTES = 6 << 20


def is_impossible(row):
    """The reason why the machine cannot exist, or None."""
    for rule in MACHINES['impossible']:
        if row['way'] == rule['way'] and row['memory'] in rule['memory']:
            return rule['why']
    return None


def rows_of(config):
    if not config.getoption('--matrix'):
        return MACHINES['cover']
    rows = [dict(zip(AXES, values)) for values in itertools.product(*AXES.values())]
    return [row for row in rows if not is_impossible(row)]


def pytest_generate_tests(metafunc):
    if 'row' in metafunc.fixturenames:
        rows = rows_of(metafunc.config)
        metafunc.parametrize('row', rows, ids=['-'.join(row[axis] for axis in AXES) for row in rows])


def test_the_cover_has_each_value_of_each_axis():
    for axis in ('way', 'cpu', 'memory'):
        assert {row[axis] for row in MACHINES['cover']} == set(AXES[axis])
    for part in ('gcc', 'clang', '-O0', '-O1', '-O2', '-O3', '-Os', '-checked'):
        assert any(part in row['build'] for row in MACHINES['cover']), part
    assert not any(is_impossible(row) for row in MACHINES['cover'])


@pytest.fixture
def outcome(row, boot):
    words = dict(MACHINES['way'][row['way']])
    timeout = words.pop('timeout')
    return boot(
        'test; report; exit',
        timeout=timeout,
        build_name=row['build'],
        cpu=row['cpu'],
        memory=row['memory'],
        **words
    )


def test_machine(row, outcome):
    """One boot, many claims: a boot costs seconds."""
    way = MACHINES['way'][row['way']]
    log = outcome.stream
    assert outcome.verdict == 'pass', outcome.words
    if way.get('emulator') != 'bochs':
        assert outcome.exit_status == 33, outcome.words

    verdict = log.fact('verdict')
    assert log.count('pass') == verdict['passed'] > 0
    assert log.count('skip') == verdict['skipped']

    check_boot_facts(log.fact('boot'), way)
    check_memory_facts(log.fact('memory'), parse_size(row['memory']), way.get('firmware', 'bios'))


def check_boot_facts(facts, way):
    if way['boot'] == 'iso':
        assert facts['protocol'] == 'multiboot2'
        assert facts['loader'].startswith('GRUB')
    else:
        assert facts['protocol'] == 'pvh'
    assert facts['ready_us'] > 0
    ticks = [stage['ticks'] for stage in facts['stages']]
    assert facts['stages'][0]['name'] == 'stub'
    assert ticks == sorted(ticks)


def check_memory_facts(facts, installed, firmware):
    """@installed bytes of RAM: the map must have nearly all of them, and never more."""
    ranges = facts['usable']
    assert all(left['end'] <= right['start'] for left, right in zip(ranges, ranges[1:]))
    assert all(item['start'] % 4096 == item['end'] % 4096 == 0 for item in ranges)
    assert facts['usable_bytes'] == sum(item['end'] - item['start'] for item in ranges)
    assert installed - FIRMWARE_BYTES[firmware] - OWN_BYTES <= facts['usable_bytes'] <= installed
    assert 0 < facts['free_bytes'] <= facts['usable_bytes']
