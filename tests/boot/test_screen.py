# SPDX-License-Identifier: BSD-2-Clause
"""What stands on the screen is what stands in the serial log: screenshots are read back, glyph by glyph."""
import re

import pytest

from ashlar.screenshot import read_screenshot

PROMPT = r'^ashlar> $'
VGA_TEXT = 0xB8000
# Enough to scroll any screen here.
COMMANDS = ['help', 'map', 'cpu', 'regs', 'peek 0xffffffff80000000 512']


def wrapped(text, columns):
    """@text in rows, as a screen of that width shows it."""
    rows = []
    for line in text.split('\n'):
        rows += [line[at : at + columns].rstrip() for at in range(0, max(len(line), 1), columns)]
    return rows


def fill(session):
    """Commands whose output scrolls; returns the serial text."""
    # The last log line comes a second after the prompt. In a pause it would show --More-- twice.
    session.expect('TSC (refined|rate confirmed|not refined)', 120)
    session.type('cpus\n')
    session.expect(r'of \d+ CPUs online\n', 60)
    session.expect(PROMPT, 60)
    for command in COMMANDS:
        session.type(f'{command}\n')
        # The pager stops after each screen.
        while session.expect(rf'{PROMPT}|--More--', 60)[0] == '--More--':
            session.type(' ')
    return session.log().decode().replace('\r\n', '\n')


def applied(text):
    """@text after its carriage returns and backspaces, as a terminal shows it."""
    lines = []
    for line in text.split('\n'):
        cells, at = [], 0
        for c in line:
            if c == '\r':
                at = 0
            elif c == '\b':
                at = max(at - 1, 0)
            else:
                cells[at : at + 1] = [c]
                at += 1
        lines.append(''.join(cells).rstrip())
    return '\n'.join(lines)


def without_end(rows):
    """@rows up to the last that has text; the cursor's bar is no character of the font."""
    rows = [row.rstrip('\ufffd ') for row in rows]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def expect_same(screen, text, columns):
    screen, expected = without_end(screen), without_end(wrapped(applied(text), columns))
    assert len(screen) > 10
    assert screen == expected[-len(screen) :]


@pytest.fixture
def fb(start, build, tmp_path):
    """fb(gfxmode, machine words...): a session that was booted in that mode."""

    def boot(gfxmode, **words):
        iso = build().make_iso(tmp_path / 'mode.iso', gfxmode=gfxmode)
        return start(image=iso, boot='iso', qmp=True, **words)

    return boot


MODES = ['640x480x15', '800x600x16', '1024x768x24', '1024x768x32', '1280x1024x32']


@pytest.mark.parametrize('mode', MODES)
def test_the_framebuffer_shows_the_log(fb, mode):
    session = fb(mode)
    text = fill(session)
    width, height, depth = map(int, mode.split('x'))
    # 15 bits a pixel may be reported as 16 with a 5-5-5 layout.
    assert re.search(rf'framebuffer at P0x\w+: {width}x{height} pixels, {depth} bits', text), mode
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    expect_same(read_screenshot(shot, (8, 16)), text, width // 8)


def test_the_uefi_framebuffer_shows_the_log(fb):
    session = fb('auto', firmware='uefi')
    text = fill(session)
    width = int(re.search(r'framebuffer at P0x\w+: (\d+)x', text)[1])
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    expect_same(read_screenshot(shot, (8, 16)), text, width // 8)


def test_a_large_screen_gets_the_large_font(fb):
    session = fb('1920x1080x32')
    text = fill(session)
    columns = int(re.search(r' (\d+)x\d+ characters', text)[1])
    cell = (1920 // columns, 32 if 1920 // columns == 16 else 16)
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    expect_same(read_screenshot(shot, cell), text, columns)


@pytest.mark.parametrize('way', ['grub', 'kernel'])
def test_vga_text_memory_holds_the_log(fb, start, way):
    session = fb('text') if way == 'grub' else start(boot='kernel', machine='pc', qmp=True)
    text = fill(session)
    dump = session.folder / 'vga.bin'
    session.qmp('pmemsave', val=VGA_TEXT, size=80 * 25 * 2, filename=str(dump))
    cells = dump.read_bytes()[::2].decode('ascii', 'replace')
    expect_same([cells[at : at + 80].rstrip() for at in range(0, 2000, 80)], text, 80)


def test_a_screen_found_late_shows_the_log_from_its_first_line(fb):
    session = fb('1024x768x32')
    session.expect(PROMPT, 120)
    shot = session.folder / 'shot.ppm'
    session.qmp('screendump', filename=str(shot))
    screen = '\n'.join(read_screenshot(shot, (8, 16)))
    first = session.stream().lines
    first = next(line for line in first if re.match(r'\[ +\d', line))
    # The seconds may differ in the last digits: the clock's rate is refined by then.
    assert screen.partition(']')[2].startswith(first.partition(']')[2][:80])


@pytest.mark.parametrize('firmware', ['bios', 'uefi'])
def test_a_machine_without_a_screen_boots(start, firmware):
    outcome = start(boot='iso', firmware=firmware, extra=('-vga', 'none'), cmdline='run="test; exit"').wait(
        120
    )
    assert outcome.verdict == 'pass', outcome.words
