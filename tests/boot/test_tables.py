# SPDX-License-Identifier: BSD-2-Clause
"""`report` and `bench`: tables for a person at the prompt, JSON with -j and under run=."""
import re

from conftest import HANG_SECONDS

from ashlar import stream

PROMPT = r'^ashlar> '
COLUMNS = 80


def answer(session, line):
    """The rows that a line prints, with those of --More-- in one piece, and without log lines."""
    start = session.cursor
    session.type(f'{line}\r')
    while '--More--' in session.expect(rf'--More--|{PROMPT}', HANG_SECONDS)[0]:
        session.type(' ')
    text = session.log().decode().replace('\r\n', '\n')[start : session.cursor]
    rows = re.sub(r'--More--\r {8}\r', '', text).split('\n')
    return [row.rstrip() for row in rows[1:-1] if not stream.LOG_LINE.search(row)]


def test_a_person_gets_tables_and_a_program_json(start):
    session = start(boot='kernel', smp='3', cmdline='loglevel=warn')
    session.expect(PROMPT, HANG_SECONDS)
    rows = answer(session, 'report')
    types = [row for row in rows if row and row[0] != ' ']
    assert {'acpi', 'boot', 'cpus', 'memory', 'smbios', 'time'} <= set(types), rows
    assert types == sorted(types) and not any('@ashlar' in row for row in rows), rows
    assert all(len(row) < COLUMNS for row in rows), rows
    assert '  x2apic    no' in rows or '  x2apic    yes' in rows, rows
    at = rows.index('  online')
    cpus = [row.split() for row in rows[at + 3 : at + 6]]
    assert [cpu[:2] for cpu in cpus] == [['0', '0'], ['1', '1'], ['2', '2']], rows

    rows = answer(session, 'cpus')
    assert (
        rows[0].split()[:3] == ['cpu', 'apic', 'package'] and len({len(row) for row in rows[:4]}) == 1
    ), rows
    assert all(len(row) < COLUMNS for row in rows), rows

    rows = answer(session, 'report log -j')
    assert rows == ['@ashlar {"v":1,"type":"log","errors":0,"warnings":0}']
    assert answer(session, 'report log') == ['log', '  errors    0', '  warnings  0']
    assert answer(session, 'report log | warn') == ['  warnings  0']

    # The table has what the JSON has.
    answer(session, 'report smbios -j')
    fact = session.stream().fact('smbios')
    rows = answer(session, 'report smbios')
    assert f'  system.product       {fact["system"]["product"]}' in rows, rows
    assert [row.split()[:2] for row in rows if 'DIMM' in row] == [['DIMM', '0']], rows

    rows = answer(session, 'bench irq.*')
    assert rows[0].split() == ['name', 'unit', 'min', 'median', 'p99', 'max'], rows
    assert [row.split()[:2] for row in rows[1:]] == [
        ['irq.entry', 'tsc'],
        ['irq.line', 'tsc'],
        ['irq.self-ipi', 'tsc'],
    ]
    rows = answer(session, 'bench -j irq.entry')
    assert len(rows) == 1 and rows[0].startswith(
        '@ashlar {"v":1,"type":"bench","name":"irq.entry","unit":"tsc"'
    )


def test_under_run_the_records_are_json_and_after_it_tables(start):
    session = start(boot='kernel', cmdline='run="report log; bench irq.entry"')
    session.expect(r'^@ashlar \{"v":1,"type":"log","errors":0,"warnings":0\}$', HANG_SECONDS)
    session.expect(r'^@ashlar \{"v":1,"type":"bench","name":"irq.entry",', HANG_SECONDS)
    session.expect(PROMPT, HANG_SECONDS)
    assert answer(session, 'report log')[0] == 'log'
