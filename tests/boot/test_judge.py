# SPDX-License-Identifier: BSD-2-Clause
"""scripts/judge and its reader, on logs of other machines and programs. In every case: a log with a panic,
a failure or an unrequested reboot is never a pass, and no bytes are an error of the reader.
"""
import random
import subprocess

import pytest

from ashlar import ROOT, stream
from ashlar.timeout import Timeout

PASSING = b"""\x1b[2JBooting `Ashlar'\r
[    0.000012] cpu0 boot: multiboot2, GRUB 2.06\r
KTAP version 1\r
1..2\r
ok 1 memmap.sorted\r
ok 2 buddy.merges # SKIP not on this machine\r
@ashlar {"v":1,"type":"verdict","status":"pass","passed":1,"failed":0,"skipped":1}\r
"""
# As the kernel speaks today: two streams, facts, lines of several CPUs.
FIRST = b'[    0.009548] cpu0 boot: Ashlar 0.1.0, loaded by pvh\n'
LONG = (
    FIRST
    + b"""[    0.010447] cpu0 cpu: AuthenticAMD, family 15 model 107 stepping 1: QEMU TCG CPU version 2.5+
KTAP version 1
1..3
ok 1 traps.fixups_nest
[    0.106255] cpu1 irq: I/O APIC 0 at P0xfec00000: GSI 0 to 23
# /kernel64/mm.c:7: no complaint
ok 2 mm.something_is_equal # SKIP one CPU
ok 3 smp.all_cpus_answer
@ashlar {"v":1,"type":"boot","protocol":"pvh","loader":"","command_line":"run=\\"test; exit\\"","stages":[]}
KTAP version 1
1..1
ok 1 slab.live_objects_never_overlap
@ashlar {"v":1,"type":"verdict","status":"pass","passed":3,"failed":0,"skipped":1}
"""
)
PANIC_VERDICT = b'@ashlar {"v":1,"type":"verdict","status":"panic","passed":0,"failed":0,"skipped":0}\n'
PANICKING = (
    FIRST
    + b"""
PANIC: crash panic: requested by a command
  cr2 0000000000000000   cr3 0000000000a64000
"""
    + PANIC_VERDICT
)
FAILING = LONG.replace(b'ok 1 traps', b'not ok 1 traps').replace(
    b'"status":"pass","passed":3,"failed":0', b'"status":"fail","passed":2,"failed":1'
)
SILENT = FIRST + b'[    0.010447] cpu0 cpu: AuthenticAMD\n'


def judge(tmp_path, log):
    path = tmp_path / 'serial.log'
    path.write_bytes(log)
    return subprocess.run([str(ROOT / 'scripts/judge'), str(path)], capture_output=True, text=True)


def test_judge_passes_a_passing_log(tmp_path):
    done = judge(tmp_path, PASSING)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == 'pass: 1 passed, 0 failed, 1 skipped'
    assert 'skip: buddy.merges not on this machine' in done.stdout


def test_judge_reads_standard_input():
    done = subprocess.run([str(ROOT / 'scripts/judge')], input=PASSING, capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize(
    'change, status, verdict',
    [
        ((b'"status":"pass"', b'"status":"fail"'), 1, 'fail'),
        ((b'"status":"pass"', b'"status":"panic"'), 3, 'panic'),
        # A log that contradicts itself does not pass: a failed test, a missing test, half a line.
        ((b'ok 1 memmap', b'not ok 1 memmap'), 1, 'fail'),
        ((b'1..2', b'1..3'), 1, 'fail'),
        ((b'KTAP version 1', b'@ashlar {"v":1,"type":"mem'), 1, 'fail'),
        # And one that just ends did not pass either.
        ((b'@ashlar {"v":1,"type":"verdict"', b'@as'), 5, 'no verdict'),
    ],
)
def test_judge_fails_a_failing_log(tmp_path, change, status, verdict):
    assert change[0] in PASSING
    done = judge(tmp_path, PASSING.replace(*change))
    assert done.returncode == status
    assert done.stdout.splitlines()[-1].startswith(verdict + ':')


def test_judge_reports_a_missing_log(tmp_path):
    done = subprocess.run(
        [str(ROOT / 'scripts/judge'), str(tmp_path / 'absent')], capture_output=True, text=True
    )
    assert done.returncode == 2


@pytest.mark.parametrize(
    'log, status, words',
    [
        # Several boots: any text before or after a panic, a failure or a reboot.
        (PANICKING + PASSING, 3, '2 boots: panic, pass'),
        (PASSING + PANICKING, 3, '2 boots: pass, panic'),
        (PANICKING.replace(PANIC_VERDICT, b'') + LONG, 3, '2 boots: panic, pass'),
        (FAILING + LONG, 1, '2 boots: fail, pass'),
        (LONG + LONG, 0, '2 boots: pass, pass'),
        (PASSING + PASSING, 0, '2 boots: pass, pass'),
        (SILENT + LONG, 1, 'the machine restarted by itself: boot 1 ends without a verdict'),
        (PASSING[: PASSING.index(b'@ashlar')] + PASSING, 1, 'the machine restarted by itself'),
        (LONG + SILENT, 5, '2 boots: pass, no verdict'),
        (SILENT + b'@ashlar {"v":1,"type":"reboot"}\n' + LONG, 0, '2 boots: no verdict, pass'),
        (SILENT + b'@ashlar {"v":1,"type":"reboot"}\n' + FAILING, 1, 'fail: traps'),
        (
            LONG[: LONG.index(b'@ashlar {"v":1,"type":"verdict"')].replace(b'ok 1 traps', b'not ok 1 traps')
            + b'@ashlar {"v":1,"type":"reboot"}\n'
            + LONG,
            1,
            'fail: traps',
        ),
        (b"Booting `Ashlar'\r\n" + PASSING, 1, 'a loader started the kernel 2 times'),
        (
            LONG.replace(
                b'KTAP version 1\n1..1',
                b'log, shown again:\n' + SILENT + b'end of the log\nKTAP version 1\n1..1',
            ),
            0,
            '',
        ),
        # A reset in the middle of a replay.
        (SILENT + b'log, shown again:\n[    9.000000] cpu0 test: late\n' + LONG, 1, 'restarted by itself'),
        # A fatal exception, in a log that was cut; an NMI that was survived.
        (
            LONG.replace(
                b'KTAP version 1\n1..1', b'EXCEPTION 14: page fault (#PF) at f+0x1/0x2\nKTAP version 1\n1..1'
            ),
            3,
            '',
        ),
        (
            LONG.replace(b'KTAP version 1\n1..1', b'EXCEPTION 2: NMI at f+0x1/0x2\nKTAP version 1\n1..1'),
            0,
            '',
        ),
        # Counts.
        (LONG.replace(b'"passed":3', b'"passed":4'), 1, 'the verdict says 4 passed, the results are 3'),
        # In Python true is 1.
        (
            LONG.replace(b'"failed":0', b'"failed":false'),
            1,
            'the verdict says False failed, the results are 0',
        ),
        (LONG.replace(b'"skipped":1', b'"skipped":0'), 1, 'the verdict says 0 skipped, the results are 1'),
        (LONG.replace(b'"passed":3', b'"passed":true'), 1, 'the verdict says True passed'),
        (LONG.replace(b',"skipped":1', b''), 1, 'the verdict says None skipped'),
        (LONG.replace(b'ok 2 mm', b'ok 3 mm'), 1, 'test 3 stands where test 2 is due'),
        (LONG.replace(b'1..3\n', b''), 1, 'a KTAP stream has no plan'),
        (LONG.replace(b'1..3\n', b'1..3\n1..3\n'), 1, 'a KTAP stream has two plans'),
        # KTAP after its version line only.
        (b'OK 200 HTTP from iPXE\nok 5 packets\nnot ok 6 packets\n1..7\n' + LONG, 0, ''),
        (LONG + b'ok 5 packets\n1..7\n', 0, ''),
        # JSON.
        (
            LONG.replace(b'KTAP version 1\n1..1', b'@ashlar 5\nKTAP version 1\n1..1'),
            1,
            'not an object: @ashlar 5',
        ),
        (LONG.replace(b'KTAP version 1\n1..1', b'@ashlar [{}]\nKTAP version 1\n1..1'), 1, 'not an object'),
        (
            LONG.replace(b'KTAP version 1\n1..1', b'@ashlar ' + b'[' * 100000 + b'\nKTAP version 1\n1..1'),
            1,
            'not JSON',
        ),
        (LONG.replace(b'"status":"pass"', b'"status":"fail","status":"pass"'), 5, 'a member comes twice'),
        (LONG.replace(b'"status":"pass"', b'"status":NaN'), 5, 'not JSON'),
        (LONG.replace(b'"status":"pass"', b'"status":7'), 1, "the verdict is '7'"),
        (
            LONG.replace(b'@ashlar {"v":1,"type":"verdict"', b'ashlar> exit @ashlar {"v":1,"type":"verdict"'),
            0,
            '',
        ),
        (
            LONG.replace(
                b'@ashlar {"v":1,"type":"verdict"', b'[    0.1 half a line@ashlar {"v":1,"type":"verdict"'
            ),
            0,
            '',
        ),
        (b'user@ashlar ~ $ cat /dev/ttyUSB0\n' + LONG, 0, ''),
        # A log line of another CPU in the middle of an object.
        (LONG.replace(b'"protocol"', b'"pro[    0.106255] cpu1 irq: a line\ntocol"'), 0, ''),
        (
            LONG.replace(b'"skipped":1', b'"skip[    0.106255] cpu1 irq: a line\nped":0'),
            1,
            'the verdict says 0 skipped',
        ),
        (b'', 5, ''),
    ],
    ids=lambda value: '' if isinstance(value, (bytes, int)) else value.replace(' ', '-') or 'fine',
)
def test_judge_reads_logs_of_other_machines(tmp_path, log, status, words):
    done = judge(tmp_path, log)
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout


def prefixed(form):
    return lambda log: b''.join(
        form(index).encode() + line for index, line in enumerate(log.splitlines(keepends=True))
    )


CAPTURES = {
    'CR LF': lambda log: log.replace(b'\r', b'').replace(b'\n', b'\r\n'),
    'CR CR LF': lambda log: log.replace(b'\r', b'').replace(b'\n', b'\r\r\n'),
    'CR': lambda log: log.replace(b'\r', b'').replace(b'\n', b'\r'),
    'LF CR': lambda log: log.replace(b'\r', b'').replace(b'\n', b'\n\r'),
    'NUL bytes': lambda log: log.replace(b'\n', b'\0\n\0\0'),
    'colours': lambda log: log.replace(b'\n', b'\x1b[0m\x1b(B\n\x1b[37;40m'),
    'cursor': lambda log: log.replace(b'\r', b'').replace(b'\n', b'\x1b[07;01H'),
    'title': lambda log: b'\x1b]0;serial\x07' + log,
    'ISO time': prefixed('[2026-11-29T23:59:{:02}.123] '.format),
    'clock': prefixed('23:59:{:02}.5 '.format),
    'syslog': prefixed(lambda n: f'{["Nov 29", "Dec  1"][n > 9]} 00:00:{n:02} host serial[7]: '),
    'seconds': prefixed('[{:12.6f}] '.format),
    'epoch': prefixed(lambda n: f'{1700000000 + n} '),
    'UTF-8 BOM': lambda log: b'\xef\xbb\xbf' + log,
    'UTF-16': lambda log: log.decode().encode('utf-16'),
    'UTF-16LE': lambda log: log.decode().encode('utf-16-le'),
    'UTF-16BE': lambda log: log.decode().encode('utf-16-be'),
    'UTF-32': lambda log: log.decode().encode('utf-32'),
}


@pytest.mark.parametrize('capture', CAPTURES)
@pytest.mark.parametrize(
    'log, verdict',
    [
        (PASSING, 'pass'),
        (LONG, 'pass'),
        (FAILING, 'fail'),
        (PANICKING, 'panic'),
        (SILENT, 'no verdict'),
        (SILENT + LONG, 'fail'),
        (LONG + LONG, 'pass'),
    ],
    ids=lambda value: '' if isinstance(value, bytes) else value,
)
def test_how_a_log_was_captured_does_not_matter(capture, log, verdict):
    plain, captured = stream.Stream(log), stream.Stream(CAPTURES[capture](log))
    assert captured.verdict() == plain.verdict() == verdict, captured.complaints
    assert captured.tests == plain.tests
    assert captured.objects == plain.objects
    assert len(captured.boots) == len(plain.boots)


def test_a_log_in_utf_16_is_reported(tmp_path):
    done = judge(tmp_path, LONG.decode().encode('utf-16'))
    assert done.returncode == 0
    assert 'note: the log is in UTF-16' in done.stdout


def test_judge_prints_no_controls_and_needs_no_utf_8(tmp_path):
    log = LONG.replace(b'# SKIP one CPU', '# SKIP \u009b2J \u00e9 \u2028'.encode())
    (tmp_path / 'log').write_bytes(log)
    done = subprocess.run(
        [str(ROOT / 'scripts/judge'), '--json', str(tmp_path / 'log')],
        capture_output=True,
        env={'PYTHONIOENCODING': 'ascii', 'PATH': '/usr/bin:/bin'},
    )
    assert done.returncode == 0, done.stderr
    assert b'\x1b' not in done.stdout and done.stdout.isascii()
    assert b'@ashlar {"v":1,"type":"verdict"' in done.stdout


# ---- mutations ----

LOGS = [PASSING, LONG, FAILING, PANICKING, SILENT]
PIECES = [
    b'\r',
    b'\n',
    b'\0',
    b'\x1b[',
    b'\x1b]',
    b'@ashlar ',
    b'@ashlar {',
    b'@ashlar 5\n',
    b'KTAP version 1\n',
    b'1..2\n',
    b'ok 1 x\n',
    b'not ok 1 x\n',
    b'# SKIP',
    b'{"type":"verdict"',
    b'"status":"pass"',
    b'\xff\xfe',
    b'[    0.009548] cpu0 boot: ',
    b'log, shown again:\n',
    b'end of the log\n',
    b'PANIC: ',
    b'}' * 9,
    b'[' * 2000,
    b'9' * 5000,
    b'\xc3\x28',
    b"Booting `Ashlar'\n",
]


def mutate(draw, log):
    for _ in range(draw.randint(1, 6)):
        at, to = sorted(draw.randint(0, len(log)) for _ in range(2))
        log = draw.choice(
            [
                lambda: log[:at] + draw.choice(PIECES) + log[at:],
                lambda: log[:at] + log[to:],
                lambda: log[:to] + log[at:],
                lambda: log[:at]
                + bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
                + log[at + 1 :],
                lambda: log[:at] + draw.choice(LOGS) + log[at:],
                lambda: log + draw.choice(LOGS),
            ]
        )()
    return log


@pytest.mark.parametrize('seed', range(20))
def test_no_bytes_crash_the_reader(seed):
    draw = random.Random(seed)
    for _ in range(150):
        log = mutate(draw, draw.choice(LOGS))
        found = stream.Stream(log)
        verdict = found.verdict()
        assert verdict in stream.EXIT_STATUS
        if verdict == stream.PASS:
            # Properties for arbitrary bytes.
            assert all(boot.verdicts or boot.verdict() == stream.NO_VERDICT for boot in found.boots)
            assert {item['status'] for item in found.of_type('verdict')} == {'pass'}
            assert not found.failed_tests() and not found.complaints
            assert found.count('pass') == sum(item['passed'] for item in found.of_type('verdict'))


@pytest.mark.parametrize('seed', range(20))
def test_no_text_before_or_after_a_failure_makes_it_a_pass(seed):
    """A whole panic or failing log, between whole lines of anything."""
    draw = random.Random(seed)
    for _ in range(100):
        before, after = (
            mutate(draw, draw.choice(LOGS)) if draw.randint(0, 1) else draw.choice([b'', PASSING, LONG])
            for _ in range(2)
        )
        bad = draw.choice([PANICKING, FAILING, PANIC_VERDICT, SILENT])
        if bad is SILENT:
            after = draw.choice([PASSING, LONG])  # one without its first line would be what is missing
        log = before.replace(b'\xff\xfe', b'') + b'\n' + bad + (after or LONG)
        assert stream.Stream(log).verdict() != stream.PASS, (seed, log[:4000])


@pytest.mark.parametrize('log', [PASSING, LONG], ids=['short', 'long'])
def test_no_line_of_a_passing_log_can_be_lost(log):
    """Results, plans and version lines; and a log that is cut anywhere is not a pass."""
    lines = log.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.startswith((b'ok', b'1..', b'KTAP', b'@ashlar {"v":1,"type":"verdict"')):
            assert stream.Stream(b''.join(lines[:index] + lines[index + 1 :])).verdict() != stream.PASS, line
    for end in range(len(log.rstrip())):
        assert stream.Stream(log[:end]).verdict() != stream.PASS, log[:end]


# ---- timeout.py ----


def test_a_printing_machine_or_busy_host_is_not_a_hang():
    now = 0.0
    share = 1.0

    def silence(timeout, seconds, said='x'):
        nonlocal now
        for _ in range(seconds):
            now += 1
            if timeout.has_expired(said):
                return True
        return False

    quick = Timeout(10, lambda: now, lambda: share)
    assert not silence(quick, 10) and silence(quick, 3)
    talker = Timeout(10, lambda: now, lambda: share)
    assert not any(silence(talker, 8, f'line {n}') for n in range(20))
    assert any(silence(talker, 8, f'line {n}') for n in range(20, 40))
    share = 1 / 8
    starved = Timeout(10, lambda: now, lambda: share)
    assert not silence(starved, 79) and silence(starved, 10)
    assert not silence(Timeout(None, lambda: now, lambda: share), 100000)
