# SPDX-License-Identifier: BSD-2-Clause
"""A person at the prompt: on a serial line, and at a PS/2 keyboard."""
import re
import time

import pytest
from conftest import wait_until

PROMPT = r'^ashlar> '
SECONDS = 60

# QEMU's names of the keys for a character on the US layout.
SHIFTED = dict(
    zip(
        '!@#$%^&*()_+{}|:"<>?~',
        [
            *'1234567890',
            'minus',
            'equal',
            'bracket_left',
            'bracket_right',
            'backslash',
            'semicolon',
            'apostrophe',
            'comma',
            'dot',
            'slash',
            'grave_accent',
        ],
    )
)
PLAIN = {
    ' ': 'spc',
    '-': 'minus',
    '=': 'equal',
    '[': 'bracket_left',
    ']': 'bracket_right',
    '\\': 'backslash',
    ';': 'semicolon',
    "'": 'apostrophe',
    ',': 'comma',
    '.': 'dot',
    '/': 'slash',
    '`': 'grave_accent',
    '\n': 'ret',
    '\t': 'tab',
    '\b': 'backspace',
}


def keys_of(character):
    if character in SHIFTED:
        return ['shift', SHIFTED[character]]
    if character.isupper():
        return ['shift', character.lower()]
    return [PLAIN.get(character, character)]


@pytest.fixture
def session(start):
    session = start(boot='kernel', machine='pc', qmp=True)
    session.expect(PROMPT, SECONDS)
    return session


@pytest.fixture
def serial(session):
    """serial(text): types it on the serial line and returns the output up to the next prompt."""

    def enter(text):
        session.type(text)
        return read_answer(session)

    return enter


@pytest.fixture
def keyboard(session):
    """keyboard(text or key names): types at the PS/2 keyboard; a list names keys held together."""

    def enter(*strokes):
        for stroke in strokes:
            for keys in [stroke] if isinstance(stroke, list) else map(keys_of, stroke):
                session.press(*keys)
        return read_answer(session)

    return enter


def read_answer(session):
    before = session.cursor
    session.expect(PROMPT, SECONDS)
    text = session.log().decode().replace('\r\n', '\n')
    return text[before:]


def test_a_misspelt_command_suggests_the_nearest(serial):
    assert 'help' in serial('hlep\n')


def test_editing_keys_change_the_line(serial):
    # "xelp" with its first letter replaced, its end killed, and brought to "help exit".
    assert 'print the verdict and exit' in serial('xelp exut\x01\x04h\x05\x08\x08it\n')


def test_arrows_move_in_the_line_and_in_history(serial):
    serial('help exit\n')
    serial('help peek\n')
    assert 'print the verdict and exit' in serial('\x1b[A\x1b[A\n')
    # Left over "k", Delete it, and "l" in its place... then back by Home.
    assert 'memory at a virtual address' in serial('elp peek\x1b[H h\x1b[D\x08\x1b[F\n')


def test_tab_completes_a_command_and_its_argument(serial):
    assert 'EXCEPTION 0' not in serial('hel\tpee\t\n')
    assert 'memory at a virtual address' in serial('hel\tpee\t\n')


def test_ctrl_c_discards_the_line(serial):
    assert 'verdict' not in serial('exit\x03')
    assert 'print the verdict' in serial('help exit\n')


def test_long_output_is_paused_at_each_screen(session):
    session.type('map; map\n')
    session.expect('--More--', SECONDS)
    assert len(session.log().decode().rsplit('map; map', 1)[1].splitlines()) <= 1 + 24  # the rest of that row
    session.type('q')
    session.expect('ashlar> $', SECONDS)  # in the row of --More--, which was wiped


def test_every_printable_character_comes_through(serial, keyboard):
    text = ''.join(c for c in map(chr, range(0x21, 0x7F)) if c not in '";\'\\|')
    for enter in (serial, keyboard):
        answer = enter(f'{text}\n')
        assert text in answer.replace('\b', ''), answer
        assert '\n|: no such command' in enter('"|"\n')


def test_keyboard_editing_keys_work(keyboard):
    assert 'print the verdict and exit' in keyboard('elp exitx', ['home'], 'h', ['end'], '\b\n')
    assert 'print the verdict and exit' in keyboard(['up'], '\n')
    assert 'print the verdict and exit' in keyboard('nonsense', ['ctrl', 'u'], 'help exit\n')


def test_the_layout_is_chosen_at_the_prompt(keyboard):
    assert 'us; there are: us gb de ' in keyboard('keymap\n')
    keyboard('keymap de\n')
    assert 'zy"' in keyboard('yz', ['shift', '2'], ['shift', '2'], '\n')
    assert "'@'" in keyboard(['shift', 'backslash'], ['alt_r', 'q'], ['shift', 'backslash'], '\n')
    assert 'us; there are: us gb de ' in keyboard('kezmap us\n', 'keymap\n')


def test_caps_lock_shifts_letters_only(keyboard):
    answer = keyboard(['caps_lock'], 'ab1', ['caps_lock'], 'ab1\n')
    assert 'AB1ab1' in answer.replace('\b', '')


def test_a_held_key_repeats(session):
    """The keyboard repeats by sending its code again."""

    def event(down):
        return [{'type': 'key', 'data': {'down': down, 'key': {'type': 'qcode', 'data': 'x'}}}]

    for _ in range(5):
        session.qmp('input-send-event', events=event(True))
        time.sleep(0.05)
    session.qmp('input-send-event', events=event(False))
    session.type('\n')
    assert 'xxxxx' in read_answer(session).replace('\b', '')


def test_reboot_restarts_and_exit_ends_the_machine(start):
    session = start(boot='kernel', machine='pc', no_reboot=False)
    session.expect(PROMPT, SECONDS)
    session.type('reboot\n')
    session.expect(PROMPT, SECONDS)
    session.type('exit\n')
    outcome = session.wait(SECONDS)
    assert (outcome.verdict, outcome.exit_status) == ('pass', 33)


def test_without_a_debug_exit_port_exit_powers_off(start):
    for machine in ('pc', 'q35'):
        session = start(boot='kernel', machine=machine, debug_exit=False, cmdline='run=exit')
        outcome = session.wait(SECONDS)
        # QEMU's status when the guest switched it off.
        assert (outcome.verdict, outcome.exit_status) == ('pass', 0), outcome.words


# --- console= ------------------------------------------------------------------------------------


def text_of_screen(session):
    dump = session.folder / 'vga.bin'
    session.qmp('pmemsave', val=0xB8000, size=4000, filename=str(dump))
    cells = dump.read_bytes()[::2].decode('ascii', 'replace')
    return '\n'.join(cells[at : at + 80].rstrip() for at in range(0, 2000, 80))


def wait_for_screen(session, words):
    wait_until(lambda: text_of_screen(session), lambda text: words in text)


def test_console_vga_leaves_the_serial_port_alone(start):
    session = start(boot='kernel', machine='pc', qmp=True, cmdline='console=vga')
    wait_for_screen(session, 'ashlar>')
    assert session.log() == b''


def test_console_serial_leaves_the_screen_alone(start):
    session = start(boot='kernel', machine='pc', qmp=True, cmdline='console=serial')
    session.expect(PROMPT, SECONDS)
    assert 'ashlar>' not in text_of_screen(session)


@pytest.mark.parametrize('port', ['com2', '0x2f8'])
def test_console_serial_uses_the_given_port(start, port):
    session = start(
        boot='kernel',
        machine='pc',
        cmdline=f'console=serial:{port}:38400 run="help all; exit"',
        extra=('-serial', 'file:second.log'),
    )
    assert session.wait(SECONDS).exit_status == 33
    second = (session.folder / 'second.log').read_text()
    assert re.search(r'^\[ +\d+\.\d+\] cpu0 boot: Ashlar', second, re.MULTILINE)
    assert '"type":"verdict"' in second and 'print the verdict' in second
    assert b'help' not in session.log()


@pytest.mark.parametrize(
    'option,warning',
    [
        ('fb', 'no console of console= found'),
        ('telex', 'console=telex: expected serial'),
        ('serial:com4', 'console=serial:com4: not found'),
        ('serial::100000', 'console=serial::100000:'),
        ('fb' + ',' * 126, 'console= ignored: its value is longer than 127 characters'),
    ],
)
def test_a_missing_console_is_reported_and_the_others_work(start, option, warning):
    outcome = start(boot='kernel', machine='pc', cmdline=f'console={option} run="exit"').wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any(warning in line for line in outcome.stream.lines), outcome.stream.lines
