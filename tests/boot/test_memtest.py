# SPDX-License-Identifier: BSD-2-Clause
"""The memory test: what it tests, what it finds, and that the memory comes back."""
import re

PROMPT = r'^ashlar> '
SECONDS = 120
PATTERNS = [
    'walk',
    'address',
    'inversions',
    'bytes',
    'random',
    'shift',
    'move',
    'sequence',
    'modulo',
    'fade',
]
PART = re.compile(r'^ {0,15}(\d+)  (.+) \(\S+ \w+\)$')


def parts(lines):
    """The rows of one table of RAM: {words: bytes}."""
    rows = {}
    for line in lines:
        if found := PART.match(line):
            rows[found[2]] = int(found[1])
            if found[2] == 'total':
                return rows
    raise AssertionError('no table')


def test_every_pattern_passes_on_two_cpus(boot):
    outcome = boot('memtest 1M fade=0; exit', boot='kernel', smp='2', memory='64M')
    assert outcome.verdict == 'pass', outcome.words
    fact = outcome.stream.fact('memtest')
    assert (fact['bytes'], fact['cpus'], fact['passes'], fact['errors']) == (1 << 20, 2, 1, 0)
    assert [pattern['name'] for pattern in fact['patterns']] == PATTERNS
    assert all(pattern['bytes'] > 1 << 20 for pattern in fact['patterns'][1:])


def test_all_is_everything_but_what_is_named_and_it_adds_up(boot):
    outcome = boot('memtest all walk; report memory; exit', boot='kernel', smp='2', memory='64M')
    assert outcome.verdict == 'pass', outcome.words
    rows = parts(outcome.stream.lines)
    assert sum(bytes for words, bytes in rows.items() if words != 'total') == rows['total']
    assert rows['under test'] == outcome.stream.fact('memtest')['bytes']
    memory = outcome.stream.fact('memory')
    # All of it is free again; the table of blocks was the only memory of the test's own.
    assert memory['free_bytes'] - rows['under test'] < 64 << 10
    assert 'free, left to the kernel' not in rows


def test_a_bad_bit_fails_the_verdict_and_its_frame_is_kept_from_use(boot):
    outcome = boot(
        'plant 5 1; memtest inversions; report memory; memtest inversions 32M; exit',
        boot='kernel',
        smp='2',
        memory='64M',
        extra=('-smbios', 'type=17,loc_pfx=SLOT'),
    )
    assert outcome.verdict == 'fail'
    assert outcome.stream.failed_commands() == ['memtest']
    log = '\n'.join(outcome.stream.lines)
    address = int(re.search(r'planted: P(0x\w+)', log)[1], 16)
    assert f'P{address:#x}: expected {0:016x}, found {32:016x}' in log
    assert re.search(r'bit 5, by inversions on cpu [01], in SLOT 0', log)
    first, second = outcome.stream.of_type('memtest')
    assert first['errors'] > 0 and first['bits'] == 1 << 5 and first['isolated_bytes'] == 4096
    assert [error['address'] for error in first['found']] == [address]
    assert first['found'][0]['module'] == 'SLOT 0'
    memory = outcome.stream.fact('memory')
    assert (memory['isolated_bytes'], memory['isolated']) == (4096, [address & ~4095])
    # The second run does not meet that frame.
    assert second['errors'] == 0


def test_ctrl_c_stops_it_and_all_memory_comes_back(start):
    session = start(boot='kernel', smp='2', memory='64M')
    session.expect(PROMPT, SECONDS)
    session.type('memtest all\n')
    session.expect(r'^Ctrl-C stops the test', SECONDS)
    session.expect(r'MiB/s a core', SECONDS)
    session.type('\x03')
    session.expect(r'memtest: 0 errors in .*, stopped', SECONDS)
    session.expect(PROMPT, SECONDS)
    session.type('test pages*\n')
    session.expect(r'^ok 1 pages', SECONDS)
    session.type('exit\n')
    assert session.wait(SECONDS).verdict == 'pass'
    # A line of progress is overwritten in place, and never wider than the screen.
    rows = [row for row in re.split('[\r\n]', session.log().decode()) if 'a core' in row]
    assert rows and all(len(row) < 80 for row in rows)


def test_what_is_no_pattern_is_refused_and_the_patterns_are_named(boot):
    outcome = boot('memtest bogus; memtest passes=0; exit', boot='kernel')
    assert outcome.verdict == 'fail'
    lines = outcome.stream.lines
    assert any(line.startswith("'bogus' is not all, ") for line in lines)
    assert "'0' is not a number of passes: a number, 1 to 0xffffffff" in lines
    assert not outcome.stream.of_type('memtest')
