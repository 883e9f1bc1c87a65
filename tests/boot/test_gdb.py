# SPDX-License-Identifier: BSD-2-Clause
"""One gdb command brings up source-level debugging of both programs (docs/debugging.md)."""
import json
import os
import re
import subprocess

import pytest

import gdb_script

from ashlar import ROOT


@pytest.fixture
def gdb(start, build):
    """gdb(commands, machine words...): gdb's output; it is started as a user starts it."""

    def run(*commands, **words):
        session = start(extra=gdb_script.WAITING, no_reboot=False, **words)  # a reset is one of the commands
        socket = session.folder / 'gdb.sock'
        command = ['gdb', '-nx', '-batch', '-x', 'scripts/gdb/ashlar.gdb']
        for text in (*commands, 'kill'):
            command += ['-ex', text]
        environment = dict(os.environ, ASHLAR_BUILD=str(build().folder), ASHLAR_GDB=str(socket), LC_ALL='C')
        session.wait_for_file(socket)
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    'words',
    [{'boot': 'kernel'}, {'boot': 'iso'}, {'boot': 'iso', 'firmware': 'uefi'}],
    ids=['kernel', 'iso', 'iso-uefi'],
)
def test_gdb_stops_in_kernel64_main_with_both_programs_symbols(gdb, words):
    said = gdb('info line stub_main', 'next', 'backtrace', **words)
    assert re.search(r'Breakpoint 1, kernel64_main \(handoff=.*\) at .*main\.c:\d+', said), said
    assert re.search(r'Line \d+ of ".*stub32/main\.c"', said), said
    assert re.search(r'#1 .*kernel64_entry', said), said


def test_the_walk_agrees_with_the_image(gdb):
    said = gdb(
        'ashlar-walk $rip',
        'ashlar-walk &__data_start',
        'ashlar-walk 0x900000000000',
        'ashlar-walk 0xdeadbeef00',
        'print/x *(unsigned long*)$rip',
        'maintenance packet Qqemu.PhyMemMode:0',
        boot='kernel',
    )
    code, data = re.findall(r'^PT\[\d+\] = 0x\w+: (.*)$', said, re.MULTILINE)
    assert 'read-only' in code and 'executable' in code and 'no-execute' not in code
    assert 'writable' in data and 'no-execute' in data
    assert '0x0000900000000000 is not canonical' in said
    assert 'PML4[1] = 0x0000000000000000: not present' in said


def test_stub32_stops_at_a_hardware_breakpoint(gdb):
    said = gdb('hbreak stub_main', 'monitor system_reset', 'continue', boot='kernel')
    assert re.search(r'Breakpoint 2, stub_main .*stub32/main\.c', said), said


def test_editor_files_are_json():
    for name in ('launch', 'tasks', 'settings'):
        text = (ROOT / f'.vscode/{name}.json').read_text()
        json.loads(re.sub(r'^\s*//.*$', '', text, flags=re.MULTILINE))


def test_each_source_file_has_a_compile_command(build):
    commands = json.loads((build().folder / 'compile_commands.json').read_text())
    known = {os.path.normpath(os.path.join(item['directory'], item['file'])) for item in commands}
    for path in [*ROOT.glob('stub32/main.c'), *ROOT.glob('kernel64/main.c'), *ROOT.glob('mm/*.c')]:
        assert str(path) in known
