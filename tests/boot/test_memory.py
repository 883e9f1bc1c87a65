# SPDX-License-Identifier: BSD-2-Clause
"""Memory on whole machines: what the common paths cost, that each allocation can fail, what the monitor shows."""
import pathlib
import re
import subprocess
import tomllib

import pytest

from ashlar.machine import Machine
from ashlar.session import Session

HANG_SECONDS = 120
TABLE = tomllib.loads((pathlib.Path(__file__).parents[1] / 'bench/instructions.toml').read_text())
WORST = TABLE.pop('worst')
# Needs several GiB that are free as a whole.
REGIONS = 'worst.interrupts_off.regions'
ICOUNT = ('-icount', 'shift=0,sleep=off')


def compiler():
    """As the table calls it: gcc and its major version."""
    return (
        'gcc-'
        + subprocess.run(['x86_64-linux-gnu-gcc', '-dumpversion'], capture_output=True, text=True, check=True)
        .stdout.strip()
        .split('.')[0]
    )


def test_common_paths_cost_no_more_than_the_committed_table(boot):
    outcome = boot('bench; exit', build_name='gcc-O2', boot='kernel', memory='1G', extra=ICOUNT)
    assert outcome.verdict == 'pass', outcome.words
    rows = {
        fact['name']: fact['median_ticks'] / fact['operations']
        for fact in outcome.stream.of_type('bench')
        if 'median_ticks' in fact
    }
    limits = TABLE.get(compiler(), TABLE['target'])
    assert set(limits) <= set(rows)
    dearer = {name: (rows[name], limit) for name, limit in limits.items() if rows[name] > limit}
    assert not dearer, dearer


def check_worst(boot, pattern, memory, names):
    outcome = boot(f'bench {pattern}; exit', build_name='gcc-O2', boot='kernel', memory=memory, extra=ICOUNT)
    assert outcome.verdict == 'pass', outcome.words
    rows = {fact['name']: fact['max'] for fact in outcome.stream.of_type('bench')}
    longer = {name: (rows[name], WORST[name]) for name in names if rows[name] > WORST[name]}
    assert not longer, longer


def test_no_call_takes_long_or_disables_interrupts_for_long(boot):
    check_worst(boot, 'worst*', '1G', set(WORST) - {REGIONS})


def test_the_first_split_of_a_gib_does_not_disable_interrupts_for_long(boot):
    check_worst(boot, REGIONS, '8G', {REGIONS})


def test_the_table_is_within_the_targets():
    for name, limits in TABLE.items():
        assert set(limits) == set(TABLE['target']), name
        assert all(limit <= TABLE['target'][row] for row, limit in limits.items()), name


SWEEP_PARTS = 6
# The sweep reaches allocations in these, and fails one after the other.
ALLOCATING = [
    'slab.live_objects_never_overlap',
    'slab.a_cache_is_created_and_destroyed',
    'buddy.blocks_of_all_sizes_keep_their_content',
]


@pytest.fixture(scope='session')
def suites(build, tmp_path_factory):
    """The kernel's suites of self-tests, as it lists them."""
    machine = Machine(boot='kernel', cmdline='run="test -l; exit"')
    with Session.of(machine, build().image_for(machine, None), tmp_path_factory.mktemp('suites')) as session:
        outcome = session.wait(HANG_SECONDS)
    return sorted({match[1] for line in outcome.stream.lines if (match := re.fullmatch(r'(\w+)\.\w+', line))})


@pytest.mark.parametrize('part', range(SWEEP_PARTS))
@pytest.mark.parametrize('build_name', ['gcc-O2', 'gcc-O2-checked'])
def test_each_allocation_of_each_self_test_can_fail(boot, build_name, part, suites):
    """In parts, because each takes as long as some hundred runs of its suites."""
    mine = suites[part::SWEEP_PARTS]
    assert mine
    commands = '; '.join(f'test -f {suite}.*' for suite in mine)
    outcome = boot(f'{commands}; exit', build_name=build_name, boot='kernel', memory='32M')
    assert outcome.verdict == 'pass', outcome.words
    swept = {
        match[1]: int(match[2])
        for line in outcome.stream.lines
        if (match := re.match(r'# (\S+): with requests 1 to (\d+) failing', line))
    }
    assert {name.split('.')[0] for name in swept} == set(mine)
    for name in ALLOCATING:
        assert name.split('.')[0] not in mine or swept[name] > 50


@pytest.mark.parametrize('plan', ['nth:1', 'nth:20', '2,1', '3,7', '20,5'])
def test_a_machine_with_failing_allocations_reaches_the_prompt(boot, plan):
    outcome = boot('slabs; leaks; buddy; exit', boot='kernel', cmdline=f'fail={plan}')
    # `leaks` may have been refused its memory; nothing worse.
    assert outcome.verdict in ('pass', 'fail'), outcome.words


@pytest.mark.parametrize('words', ['nth:0', '10', 'never', '1,2,3'])
def test_an_invalid_plan_is_reported(boot, words):
    outcome = boot('exit', boot='kernel', cmdline=f'fail={words}')
    assert outcome.verdict == 'pass', outcome.words
    assert any(f'fail={words}: expected RATE,SEED or nth:N' in line for line in outcome.stream.lines)


@pytest.mark.parametrize('memory', ['16M', '64M', '512M', '3.5G', '4G', '128G', '1T', '16T'])
def test_memory_of_any_size_is_used_and_accounted_for(boot, memory):
    outcome = boot(
        'test buddy*; test slab*; test vrange*; test pages*; pages; audit; exit', boot='kernel', memory=memory
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    first = next(index for index, line in enumerate(lines) if line.strip() == 'bytes of RAM')
    rows = [
        match.groups()
        for line in lines[first + 1 :]
        if (match := re.match(r'( *)(\d+)  (.*?)(?: \([\d.]+ [KMGT]?i?B\))?$', line))
    ]
    end = next(index for index, row in enumerate(rows) if row[2] == 'total')
    outer = [int(number) for space, number, _ in rows[:end] if len(space) + len(number) == 16]
    usable = next(index for index, row in enumerate(rows) if row[2] == 'usable')
    parts = [int(number) for space, number, _ in rows[usable + 1 : end] if len(space) + len(number) == 20]
    assert sum(outer) == int(rows[end][1])
    assert sum(parts) == int(rows[usable][1])
    assert not any(row[2] == 'unaccounted' for row in rows)


def test_the_map_gives_small_ranges_in_bytes_and_rows_fit_80_columns(boot):
    outcome = boot('map all; log nowhere-found; slabs; buddy; crash; exit', boot='kernel')
    assert outcome.stream.failed_commands() == ['crash'], outcome.words
    lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
    assert all(len(line) < 80 for line in lines), [line for line in lines if len(line) >= 80]
    rows = [
        (int(row[2], 16) - int(row[1], 16), int(row[3]), row[4])
        for line in lines
        if (row := re.match(r'  (\w{16}) - (\w{16}) +(\d+) (B|KiB)  \w', line))
    ]
    assert {unit for _, _, unit in rows} == {'B', 'KiB'}
    for size, number, unit in rows:
        assert number == (size if unit == 'B' else size >> 10) > 0
    assert "no line has 'nowhere-found', which is no level either" in lines


NUMA = (
    '-object',
    'memory-backend-ram,size=100M,id=a',
    '-object',
    'memory-backend-ram,size=200M,id=b',
    '-object',
    'memory-backend-ram,size=212M,id=c',
    '-numa',
    'node,nodeid=0,memdev=a',
    '-numa',
    'node,nodeid=1,memdev=b',
    '-numa',
    'node,nodeid=2,memdev=c,cpus=0',
)


@pytest.mark.parametrize('way', [{'boot': 'kernel'}, {'boot': 'iso'}])
@pytest.mark.parametrize(
    'distances',
    [
        (),
        (
            '-numa',
            'dist,src=0,dst=1,val=21',
            '-numa',
            'dist,src=0,dst=2,val=31',
            '-numa',
            'dist,src=1,dst=2,val=15',
        ),
    ],
)
def test_nodes_of_odd_sizes_are_used_by_the_allocators(boot, way, distances):
    outcome = boot('buddy; test; exit', memory='512M', extra=(*NUMA, *distances), **way)
    assert outcome.verdict == 'pass', outcome.words
    free = {
        int(match[1]): int(match[2]) >> 10
        for line in outcome.stream.lines
        if (match := re.match(r"node \d+ \(the firmware's domain (\d+)\): (\d+) KiB free", line))
    }
    assert 80 < free[0] <= 100 and 190 < free[1] <= 200 and 200 < free[2] <= 212, free
    assert not [
        test.name for test in outcome.stream.tests if test.status == 'skip' and test.name.startswith('numa')
    ]


def test_a_checked_build_lists_holders_of_objects(boot):
    outcome = boot('slabs; leaks; exit', boot='kernel', build_name='gcc-O2-checked')
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    assert any(re.match(r'kmalloc-\d+ +1 +\d+ +command_leaks\+0x', line) for line in lines)
    assert any(re.match(r'slab-cache +\d+ +\d+ ', line) for line in lines)
