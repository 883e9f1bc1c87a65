# SPDX-License-Identifier: BSD-2-Clause
"""The layouts of drivers/keymaps.c, compared with those that QEMU has from xkeyboard-config."""
import pathlib
import re

import pytest

from ashlar import ROOT

QEMU = pathlib.Path('/usr/share/qemu/keymaps')
NAMES = {
    'gb': 'en-gb',
    'de': 'de',
    'ch': 'de-ch',
    'fr': 'fr',
    'be': 'fr-be',
    'es': 'es',
    'it': 'it',
    'pt': 'pt',
    'se': 'sv',
    'dk': 'da',
    'no': 'no',
    'fi': 'fi',
}
CODES = [*range(0x02, 0x0E), *range(0x10, 0x1C), *range(0x1E, 0x2A), *range(0x2B, 0x36), 0x56]
# Names of keysyms (X11's keysymdef.h) that are ASCII and not letters or digits.
KEYSYMS = dict(
    zip(
        'exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft parenright asterisk plus comma minus period '
        'slash colon semicolon less equal greater question at bracketleft backslash bracketright asciicircum underscore grave '
        'braceleft bar braceright asciitilde dead_circumflex dead_grave dead_tilde'.split(),
        '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~^`~',
    )
)
LINE = re.compile(r'(\w+) 0x([0-9a-f]+)((?: \w+)*)\s*')
LEVELS = {(): 0, ('shift',): 1, ('altgr',): 2}


def layouts():
    """{name: [plain, shifted, alt_graph]}"""
    text = (ROOT / 'drivers/keymaps.c').read_text()
    found = {}
    for body in re.findall(r'^    \{ ("(?:.*\n)*?.*") \},$', text, re.MULTILINE):
        name, *levels = body.split(',\n')
        parts = [''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', level)) for level in levels]
        found[name.strip('"')] = [re.sub(r'\\(.)', r'\1', part) for part in parts]
    return found


def characters(path):
    """What QEMU's keys type: {(level, code): character}, the first of each."""
    typed = {}
    for line in path.read_text().splitlines():
        match = LINE.fullmatch(line)
        if not match:
            continue
        name, code, words = match[1], int(match[2], 16), match[3].split()
        level = LEVELS.get(tuple(word for word in words if word not in ('localstate', 'addupper')))
        character = name if re.fullmatch('[A-Za-z0-9]', name) else KEYSYMS.get(name)
        if level is not None and character:
            typed.setdefault((level, code), character)
            if 'addupper' in words:
                typed.setdefault((1, code), character.upper())
    return typed


def test_every_layout_is_compared():
    assert set(layouts()) == set(NAMES)
    assert {len(level) for levels in layouts().values() for level in levels} == {len(CODES)}


@pytest.mark.parametrize('name', NAMES)
def test_a_layout_is_that_of_xkeyboard_config(name):
    path = QEMU / NAMES[name]
    if not path.exists():
        pytest.skip(f'no {path}: install qemu-system-data')
    wanted = characters(path)
    for level, typed in enumerate(layouts()[name]):
        for code, character in zip(CODES, typed):
            assert character == wanted.get((level, code), ' '), (level, hex(code))
