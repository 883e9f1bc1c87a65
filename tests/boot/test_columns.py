# SPDX-License-Identifier: BSD-2-Clause
"""Lists on a wide screen: in columns for a user at the keyboard, and in one at a serial terminal."""
import re

from ashlar.screenshot import read_screenshot
from test_typing import keys_of

PROMPT = r'ashlar> $'
SECONDS = 60


def enter(session, text):
    for keys in map(keys_of, text + '\n'):
        session.press(*keys)


def test_lists_are_in_columns_on_a_wide_screen(start, build, tmp_path):
    iso = build().make_iso(tmp_path / 'mode.iso', gfxmode='1920x1080x32')
    session = start(image=iso, boot='iso', qmp=True)
    # The last log line comes a second after the prompt.
    session.expect('TSC (refined|rate confirmed|not refined)', SECONDS)
    for command in ('clear', 'help all'):
        enter(session, command)
        found = session.expect(rf'{PROMPT}|--More--', SECONDS)
        assert found[0] != '--More--', command
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    screen = read_screenshot(shot, (8, 16))
    assert screen[0] == 'ashlar> help all'
    assert re.fullmatch(r'machine: .+  processors: .+  tests: .+', screen[1]), screen[1]
    assert any('  reboot' in row for row in screen)

    # A filter's lines are one below the other; so is all once something is typed at the serial port, and paused.
    enter(session, 'help all | reset')
    session.expect(r'^  reboot .*\n', SECONDS)
    session.expect(PROMPT, SECONDS)
    session.type('help all\n')
    session.expect('--More--', SECONDS)
    rows = session.log().decode().replace('\r\n', '\n').rpartition('help all\n')[2].split('\n')
    assert rows[0].startswith('machine: ') and 'processors: ' not in rows[0]
    assert all(len(row) < 80 for row in rows) and len(rows) == 24
