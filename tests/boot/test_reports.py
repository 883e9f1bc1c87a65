# SPDX-License-Identifier: BSD-2-Clause
"""Reports are whole: one at a time, never through the pager; and the user may reboot after one."""
import re

import pytest

PROMPT = r'^ashlar> '
SECONDS = 60
HEAD = r'----\[ Ashlar \S+, cpu (\d+), up \d+\.\d{6} s \]----'
LAST = '  no device reports a cause; continuing'


def reports(session):
    """The NMI reports of a log, each as its lines; what stands between them is left out."""
    lines = session.log().decode().replace('\r\n', '\n').split('\n')
    found = []
    for line in lines:
        if re.fullmatch(HEAD, line):
            found.append([])
        if found and LAST not in found[-1]:
            found[-1].append(line)
    return found


def check(report):
    assert report[-1] == LAST
    assert report[1].startswith('EXCEPTION 2: ')
    # Nothing of another report, of a log line or of the prompt in between, and nothing missing.
    assert sum(line == '  backtrace:' for line in report) == 1
    start = report.index('  backtrace:')
    assert start <= 24
    forms = (r'  [a-z]', r'    [0-9a-f]{16} ', r'    end: ', r'EXCEPTION 2: ')
    assert all(re.match('|'.join(forms), line) for line in report[1:-1]), report
    assert report[-2] == report[1], 'the cause is repeated at the end'


def test_nmis_of_all_cpus_are_reported_one_at_a_time(start):
    session = start(boot='kernel', smp='4', qmp=True)
    session.expect(PROMPT, SECONDS)
    rounds = 3
    for _ in range(rounds):
        session.qmp('inject-nmi')
        for _ in range(4):
            session.expect(re.escape(LAST), SECONDS)
    found = reports(session)
    assert len(found) == 4 * rounds
    for report in found:
        check(report)
    assert {re.fullmatch(HEAD, report[0])[1] for report in found} == {'0', '1', '2', '3'}
    session.type('exit\n')
    assert session.wait(SECONDS).verdict == 'pass'


def test_a_report_is_not_paused_by_the_pager(start):
    session = start(boot='kernel', qmp=True)
    session.expect(PROMPT, SECONDS)
    session.type('map; map; map\n')
    session.expect('--More--', SECONDS)
    session.qmp('inject-nmi')
    session.expect(re.escape(LAST), SECONDS)
    check(reports(session)[0])
    session.type('q')
    session.expect('ashlar> ', SECONDS)
    # Nor is one dropped with output that the user did not want.
    session.type('map; map; map; crash null\n')
    session.expect('--More--', SECONDS)
    session.type('q')
    session.expect('EXCEPTION 14', SECONDS)
    assert session.wait(SECONDS).verdict == 'panic'


@pytest.mark.parametrize('way', ['ctrl-alt-delete', 'key', 'serial'])
def test_the_user_reboots_after_a_panic_at_the_prompt(way, start):
    session = start(boot='kernel', machine='pc', qmp=True, no_reboot=False, debug_exit=False)
    session.expect(PROMPT, SECONDS)
    # What was typed before the report restarts nothing.
    session.type('crash null\nrr\r')
    session.expect('The machine is halted; Ctrl-Alt-Del, Enter or R restarts it.', SECONDS)
    before = session.log().count(b'loaded by pvh')
    if way == 'serial':
        session.type('xr')
    else:
        names = ['ctrl', 'alt', 'delete'] if way == 'ctrl-alt-delete' else ['r']
        session.press(*names)
    session.expect(PROMPT, SECONDS)
    assert session.log().count(b'loaded by pvh') == before + 1


def test_ctrl_alt_del_reboots_at_the_prompt(start):
    session = start(boot='kernel', machine='pc', qmp=True, no_reboot=False)
    session.expect(PROMPT, SECONDS)
    session.press('ctrl', 'alt', 'delete')
    session.expect('"type":"reboot"', SECONDS)
    session.expect(PROMPT, SECONDS)


def test_the_pager_counts_rows_and_not_lines(start):
    """The command line, which `boot` prints, is wider than 80 columns."""
    session = start(boot='kernel', cmdline=' '.join(['mcepoll=60'] * 30))
    session.expect(PROMPT, SECONDS)
    session.type('boot; boot; boot\n')
    session.expect('--More--', SECONDS)
    text = session.log().decode().replace('\r\n', '\n').rsplit(' boot\n', 1)[1].split('--More--')[0]
    rows = sum(max(1, -(-len(line) // 80)) for line in text.split('\n'))
    assert 20 < rows <= 24
    session.type('q')
    session.expect('ashlar> ', SECONDS)


def test_the_pager_does_not_pause_within_a_record(start):
    """An object of report is one line and many rows, and a program reads it."""
    session = start(boot='kernel', smp='8')
    session.expect(PROMPT, SECONDS)
    session.type('report -j\n')
    session.expect('--More--', SECONDS)
    text = session.log().decode().replace('\r\n', '\n').rsplit('report -j\n', 1)[1].split('--More--')[0]
    assert text.endswith('}\n')
    session.type('q')
    session.expect('ashlar> ', SECONDS)
