# SPDX-License-Identifier: BSD-2-Clause
"""The page before the first prompt: there for a person, not for run=, and within its rows and columns."""
import re

PROMPT = r'^ashlar> '
SECONDS = 60
ROWS_MAX = 20
LONG = 'type=1,manufacturer=' + 'M' * 60 + ',product=' + 'P' * 60


def page_of(text):
    """The rows from the headline to the prompt; log lines may come between them."""
    lines = [line for line in text.replace('\r\n', '\n').split('\n') if not line.startswith('[')]
    start = next(i for i, line in enumerate(lines) if re.fullmatch(r'  Ashlar \d+\.\d+\.\d+', line))
    end = next(i for i, line in enumerate(lines) if i > start and line.startswith('ashlar> '))
    return lines[start:end]


def value(page, name):
    return next(line for line in page if line.startswith(f'  {name} '))[14:]


def test_the_page_is_shown_before_the_first_prompt_and_again(start):
    session = start(
        boot='kernel', smp='4,sockets=2,cores=1,threads=2', memory='512M', extra=('-smbios', LONG)
    )
    session.expect(PROMPT, SECONDS)
    page = page_of(session.log().decode())
    assert len(page) + 1 <= ROWS_MAX
    assert all(len(line) < 80 for line in page)
    assert value(page, 'Machine').endswith('...')
    assert value(page, 'Firmware').startswith('BIOS, SeaBIOS ')
    assert value(page, 'CPUs') == '4 online: 2 packages, 2 cores'
    assert value(page, 'Hypervisor') == 'QEMU TCG'
    assert re.fullmatch(r'512 MiB installed, 50\d MiB usable, \d+ MiB free', value(page, 'Memory'))
    assert value(page, 'Screen').startswith('text, 80 columns, 25 rows')
    assert re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; time from ', value(page, 'Clock'))
    assert value(page, 'Warnings') == 'none'
    for hint in ('help', 'summary', 'test'):
        assert value(page, hint)
    session.type('summary\n')
    session.expect('  Ashlar ', SECONDS)
    session.expect(PROMPT, SECONDS)
    session.type('exit\n')
    assert session.wait(SECONDS).verdict == 'pass'


def test_warnings_are_counted(start):
    session = start(boot='kernel', cmdline='nonsense-1 nonsense-2')
    session.expect(PROMPT, SECONDS)
    assert re.match(r'2, errors: 0; ', value(page_of(session.log().decode()), 'Warnings'))
    session.type('log warn\n')
    session.expect('end of the log', SECONDS)
    log = session.log().decode()
    shown = log[log.index('log, shown again:') : log.index('end of the log')]
    assert shown.count('nonsense-') == 2
    assert shown.count('] cpu') == 2


def test_the_page_is_not_shown_after_run(start):
    session = start(boot='kernel', cmdline='run="report log"')
    session.expect(PROMPT, SECONDS)
    assert '  Processor ' not in session.log().decode()
    assert '"type":"log","errors":0,"warnings":0}' in session.log().decode()


def test_a_framebuffer_has_all_its_rows(boot):
    outcome = boot('report screen; summary; exit', boot='iso')
    assert outcome.verdict == 'pass', outcome.words
    screen = outcome.stream.fact('screen')
    assert screen['kind'] == 'framebuffer'
    assert screen['columns'] == screen['width'] // 8
    assert screen['rows'] == screen['height'] // 16
    words = f'{screen["width"]}x{screen["height"]} pixels of {screen["bits_per_pixel"]} bits'
    assert any(line.startswith(f'  Screen      {words}') for line in outcome.stream.lines)
