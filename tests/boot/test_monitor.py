# SPDX-License-Identifier: BSD-2-Clause
"""`locks` and `timers`, surplus arguments, the width of rows, filters, the pager's prompt: docs/monitor.md."""
import re

import pytest

from conftest import HANG_SECONDS
from test_consoles import text_screen
from test_machine_check import CORRECTED, inject

from ashlar import ROOT
from ashlar.serial_text import ESCAPE

COLUMNS = 80
LOG_LINE = r'\[ *\d+\.\d{6}\] cpu\d+ '


def rows_after(outcome, first):
    """The rows from the one that matches, to the verdict, without log lines."""
    lines = [line for line in outcome.stream.lines if not re.match(LOG_LINE, line)]
    (start,) = [at for at, line in enumerate(lines) if re.match(first, line)]
    return [line for line in lines[start:] if line and not line.startswith('@ashlar')]


# ---- locks ----


def classes():
    text = (ROOT / 'include/ashlar/sync/lock_class.h').read_text()
    return re.findall(r'^    X\(LOCK_\w+, "([^"]+)", "[^"]+",', text, re.MULTILINE)


def test_locks_shows_the_classes_in_their_order_and_the_holder_of_a_lock(boot):
    outcome = boot('hold 1 3600000 lock; locks; exit', boot='kernel', smp='2')
    assert outcome.verdict == 'pass', outcome.words
    rows = rows_after(outcome, 'classes, in the order')
    assert [
        match[1] for row in rows if (match := re.match(r' *\d+ ([\w-]+(?: [\w-]+)*)  ', row))
    ] == classes()
    assert all(len(row) < COLUMNS for row in rows), rows
    (holder,) = [
        at for at, row in enumerate(rows) if re.match(r'cpu 1 holds "hold" \(0x\w+\), class test', row)
    ]
    assert re.match(r'    spin\+', rows[holder + 1]), rows[holder:]
    assert not any(row.startswith('cpu 0 ') for row in rows), rows
    assert rows[-1] == '1 held or waited for', rows


def test_locks_of_a_release_build_says_what_it_does_not_know(boot):
    outcome = boot('locks; exit', boot='kernel', build_name='gcc-O2')
    assert outcome.verdict == 'pass', outcome.words
    assert 'checked build' in rows_after(outcome, 'classes, in the order')[-1]


# ---- timers ----


def test_timers_shows_what_is_armed_where_and_when(boot):
    outcome = boot('timers; report time; exit', boot='kernel', smp='2', cmdline='mcepoll=1000')
    assert outcome.verdict == 'pass', outcome.words
    rows = rows_after(outcome, 'clockevent: ')
    assert rows[0] == f'clockevent: {outcome.stream.fact("time")["events"]} of each CPU'
    at = [row.startswith('cpu 0: ') for row in rows].index(True)
    due = [re.fullmatch(r'    due in +(\d+\.\d{6}) s  (\w+)', row) for row in rows[at + 1 : -1]]
    assert rows[at] == f'cpu 0: {len(due)} armed' and all(due), rows
    # The refinement of the TSC's rate may be armed, too.
    times = [float(match[1]) for match in due]
    assert times == sorted(times), rows
    assert due[-1][2] == 'look_everywhere' and 900 < times[-1] < 1000, rows
    assert rows[-1] == '1 of 2 CPUs have no timer armed', rows


def test_timers_shows_a_clockevent_that_all_cpus_share(boot):
    outcome = boot('timers; exit', boot='kernel', smp='2', cmdline='events=hpet')
    assert outcome.verdict == 'pass', outcome.words
    assert rows_after(outcome, 'clockevent: ')[0] == 'clockevent: hpet, which interrupts CPU 0 for all'


# ---- arguments, and rows ----


def test_arguments_that_a_command_does_not_take_are_refused(boot):
    names = ('modules', 'cpu', 'regs', 'mce', 'locks', 'timers', 'boot', 'exit')
    outcome = boot('; '.join(f'{name} surplus' for name in names) + '; exit', boot='kernel')
    assert outcome.verdict == 'fail', outcome.words
    usages = [match[1] for line in outcome.stream.lines if (match := re.fullmatch(r'usage: (\w+)', line))]
    assert usages == list(names), outcome.stream.lines[-30:]


@pytest.mark.parametrize('command, first', [('help all', r'machine: '), ('options', r'absentcpu=')])
def test_rows_are_broken_between_words(boot, command, first):
    outcome = boot(f'{command}; exit', boot='kernel')
    assert outcome.verdict == 'pass', outcome.words
    rows = rows_after(outcome, first)
    # What was given is as long as it is.
    rows = [row for row in rows if not row.startswith('    given: ')]
    assert all(len(row) < COLUMNS for row in rows), rows
    sources = ' '.join(path.read_text() for path in ROOT.glob('kernel64/**/*.c'))
    sources += ' '.join(path.read_text() for path in ROOT.glob('tests/self/*.c'))
    words = set(re.findall(r'[^\s"]+', sources.replace('\\"', '')))
    for row in rows:
        if match := re.match(r' {24,32}(\S.*)', row):
            first_word, last_word = match[1].split()[0], match[1].split()[-1]
            assert first_word in words and last_word in words, row


# ---- the filter ----


def test_a_filter_prints_only_lines_with_the_word(boot):
    outcome = boot(
        "help all | RESET; nosuch | RESET; log | 'smp: 1 of 1'; report | cpus; watch regs | cr3; exit | nothing",
        boot='kernel',
    )
    assert outcome.verdict == 'fail', outcome.words
    rows = rows_after(outcome, r'.*\breset or halt')
    (error,) = [at for at, row in enumerate(rows) if row.startswith('nosuch: no such command')]
    assert any(row.startswith('  reboot ') for row in rows[:error]), rows
    assert all('reset' in row.lower() for row in rows[:error]), rows
    assert [row.split()[0] for row in rows[error + 1 :]] == ['cr3', 'cr3'], rows
    assert len([line for line in outcome.stream.lines if ' smp: 1 of 1 CPUs' in line]) == 2
    assert len([line for line in outcome.stream.lines if ' clock: clocksource ' in line]) == 1
    assert outcome.stream.of_type('cpus') and not outcome.stream.of_type('memory')


# ---- the pager ----


def test_a_log_line_goes_before_the_pagers_prompt(start):
    session = start(boot='kernel', machine='pc', smp='2', qmp=True, cmdline='mcepoll=1')
    session.expect(r'TSC refined', HANG_SECONDS)
    session.type('help all\r')
    session.expect('--More--', HANG_SECONDS)
    assert inject(session, 3, CORRECTED) == ''
    session.expect(' mce: bank 3', HANG_SECONDS)
    session.expect('--More--', HANG_SECONDS)
    text = session.log().decode()
    assert re.search(rf'\n--More--\r {{8}}\r{LOG_LINE}mce: bank 3[^\r\n]*\r?\n\r--More--$', text), text[-400:]
    rows = text_screen(session).rstrip().split('\n')
    # The log line takes two rows of the screen.
    assert rows[-1] == '--More--' and re.match(rf'{LOG_LINE}mce: bank 3', rows[-3]), rows
    session.type('q')
    session.expect(r'\r {8}\rashlar> $', HANG_SECONDS)


# ---- the prompt ----


def test_a_log_line_goes_before_the_prompt_and_what_was_typed(start):
    session = start(boot='kernel', machine='pc', smp='2', qmp=True, cmdline='mcepoll=1')
    session.expect(r'TSC refined', HANG_SECONDS)
    session.type('help exi\x1b[D\x1b[D')
    session.expect(r'help exi\x08\x08$', HANG_SECONDS)
    assert inject(session, 3, CORRECTED) == ''
    session.expect(rf'\r +\r{LOG_LINE}mce: bank 3[^\n]*\n\rashlar> help exi\x08\x08$', HANG_SECONDS)
    rows = text_screen(session).rstrip().split('\n')
    # The log line takes two rows of the screen.
    assert rows[-1] == 'ashlar> help exi' and re.match(rf'{LOG_LINE}mce: bank 3', rows[-3]), rows
    # The report of an NMI, too.
    session.qmp('inject-nmi')
    session.expect(r'----\[ Ashlar (?:.*\n)+\rashlar> help exi\x08\x08$', HANG_SECONDS)
    session.type('\x1b[Ft\r')
    session.expect('print the verdict and exit', HANG_SECONDS)
    session.expect(r'^ashlar> $', HANG_SECONDS)
    # To a program that waits for a prompt at the beginning of a line, it is one.
    text = ESCAPE.sub('', session.log().decode())
    assert len(re.findall(r'^ashlar> ', text, re.MULTILINE)) == 2


# ---- self-tests ----


def test_test_ends_in_its_totals(boot):
    outcome = boot('test traps.*; test nosuch*; exit', boot='kernel')
    verdict = outcome.stream.fact('verdict')
    totals = [line for line in outcome.stream.lines if line.startswith('# totals: ')]
    assert totals == [
        f'# totals: {verdict["passed"]} passed, {verdict["failed"]} failed, {verdict["skipped"]} skipped'
    ]
    assert verdict['passed'] > 0
