# SPDX-License-Identifier: BSD-2-Clause
"""`save`: the codes on the screen are read by a program of its own (zbarimg), and together are the report and the log."""
import json
import re
import subprocess

import pytest
from conftest import wait_until

PROMPT = r'^ashlar> $'
SECONDS = 120
LOG_LINE = re.compile(r'^\[ *\d+\.\d+\] (cpu\d+ .*)$', re.MULTILINE)
HEADER = re.compile(r'Ashlar \d+\.\d+\.\d+, (\d+) of (\d+)\n')


def read_code(session, name):
    """(number, count, text) of the code on the screen."""
    shot = session.folder / name
    session.qmp('screendump', filename=str(shot))
    command = ['zbarimg', '--quiet', '--raw', '--oneshot', '-Sdisable', '-Sqrcode.enable', '-Sbinary', shot]
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    match = HEADER.match(text)
    return (int(match[1]), int(match[2]), text[match.end() :]) if match else (0, 0, '')


def expect_code(session, number):
    """The code of that number. The screen is read again until it is there: the kernel draws it meanwhile."""
    return wait_until(lambda: read_code(session, f'{number}.ppm'), lambda code: code[0] == number)


@pytest.mark.parametrize('mode', ['640x480x32', '1024x768x24', '1920x1080x32'])
def test_the_codes_are_the_report_and_the_log(start, build, tmp_path, mode):
    iso = build().make_iso(tmp_path / 'mode.iso', gfxmode=mode)
    session = start(image=iso, boot='iso', qmp=True, memory='256M')
    session.expect(PROMPT, SECONDS)
    session.type('save\n')
    count = int(session.expect(r'(\d+) codes on the screen', SECONDS)[1])
    text = ''
    for number in range(1, count + 1):
        found = expect_code(session, number)
        assert found[1] == count
        text += found[2]
        session.type(' ')
    session.expect(PROMPT, SECONDS)
    records = [json.loads(line.split(' ', 1)[1]) for line in text.split('\n') if line.startswith('@ashlar ')]
    assert {'boot', 'cpus', 'log', 'memory'} <= {record['type'] for record in records}
    log = LOG_LINE.findall(text)
    assert log and log == LOG_LINE.findall(session.log().decode().replace('\r', ''))[: len(log)]
