# SPDX-License-Identifier: BSD-2-Clause
"""scripts/run as a user and a CI job call it: an image, an emulator and firmware of their own, files of results."""
import json
import shutil
import socket
import subprocess
import time

import pytest

from ashlar import ROOT, junit, run as run_program, stream
from ashlar.machine import qemu_program

ELF = 'stub32/ashlar.elf'


def run(*words, cwd=None, path=None):
    environment = {'PATH': path, 'HOME': '/nowhere'} if path else None
    return subprocess.run(
        [str(ROOT / 'scripts/run'), *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


@pytest.fixture
def folder(tmp_path):
    """A caller's folder, with a program, firmware and files that look like images."""
    program = tmp_path / 'qemu'
    program.write_text('#!/bin/sh\nexit 0\n')
    program.chmod(0o755)
    (tmp_path / 'ovmf,old').mkdir()
    (tmp_path / 'ovmf,old/OVMF_CODE.fd').touch()
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'a.elf').write_bytes(b'\x7fELF')
    (tmp_path / 'a.iso').write_bytes(bytes(0x8001) + b'CD001')
    (tmp_path / 'a.txt').write_text('no image')
    return tmp_path


@pytest.mark.parametrize(
    'words, wanted',
    [
        (['--qemu', './qemu'], ['{folder}/qemu -no-user-config']),
        (['--qemu', 'qemu-system-x86_64'], ['qemu-system-x86_64 -no-user-config']),
        (['--ovmf', 'ovmf,old'], ['if=pflash', 'file={folder}/ovmf,,old/OVMF_CODE.fd']),
        (['--ovmf', 'ovmf,old/OVMF_CODE.fd', '--firmware', 'uefi'], ['file={folder}/ovmf,,old/OVMF_CODE.fd']),
        (['--image', 'a.elf'], ['-kernel {folder}/a.elf', 'debugexit=0xf4']),
        (['--build', 'out'], ['-cdrom {folder}/out/iso/ashlar.iso']),
        (['--build', 'out', '--gfxmode', 'text'], ['-cdrom {folder}/out/run/own.iso']),
        (['--build', 'out', '--', '-snapshot'], ['-snapshot']),
        (['--image', 'a.iso'], ['-cdrom {folder}/a.iso', 'string=debugexit=0xf4']),
        (['--image', 'a.iso', '--expect', 'cpus=1'], ['run="report; exit"']),
        (['--image', 'a.iso', '--junit', 'x.xml'], ['run="report; exit"']),
        (['--expect', 'cpus=1', '--cmdline', 'run="test; exit"'], ['string=run="test; exit" debugexit']),
    ],
)
def test_paths_belong_to_the_caller(folder, words, wanted):
    done = run('--dry-run', *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    for part in wanted:
        assert part.format(folder=folder) in done.stdout


@pytest.mark.parametrize(
    'words, wanted',
    [
        (['--qemu', './none'], '--qemu: no such program: ./none'),
        (['--qemu', 'empty'], '--qemu: no such program: empty'),
        (['--ovmf', 'none'], '--ovmf: no such file or folder: none'),
        (['--ovmf', 'empty'], '--ovmf: no firmware in empty; one of these names is wanted: OVMF_CODE_4M.fd'),
        (['--ovmf', 'ovmf,old', '--firmware', 'bios'], 'does not go with --firmware bios'),
        (['--image', 'none'], '--image: none: No such file'),
        (['--image', 'empty'], '--image: empty: Is a directory'),
        (['--image', 'a.txt'], 'a.txt is neither an ELF file nor an ISO'),
        (['a.iso'], 'unexpected argument: a.iso; those for the emulator come after --'),
        (['--timeout', '-3'], "--timeout: invalid seconds value: '-3'"),
        (['--image', 'a.elf', '--boot', 'iso'], 'a.elf is for --boot kernel'),
        (['--image', 'a.elf', '--firmware', 'uefi'], 'boot an ISO'),
        (['--image', 'a.iso', '--build', 'b'], 'does not go with --build'),
        (['--image', 'a.iso', '--gfxmode', '640x480'], 'not with --image'),
        (['--gfxmode', 'large'], "'large' is no mode such as 1920x1080"),
        (['--gfxmode', '640x480', '--boot', 'kernel'], 'not with --image or --boot kernel'),
        (['--emulator', 'bochs', '--qemu', './qemu'], '--qemu goes with --emulator qemu'),
        (['--expect', 'cpu=4'], 'The keys are:'),
        (
            ['--image', 'a.elf', '--junit', 'none/out.xml'],
            '--junit: none/out.xml cannot be written: No such file',
        ),
        (['--image', 'a.elf', '--report', 'none/out'], '--report: none/out cannot be written: No such file'),
    ],
)
def test_what_cannot_be_started_is_said_in_a_sentence(folder, words, wanted):
    done = run(*words, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert wanted in done.stderr and 'Traceback' not in done.stderr


@pytest.mark.parametrize('words', [['--image', 'a.elf'], ['--image=a.elf', '--ovmf', 'ovmf,old'], ['--help']])
def test_an_image_and_help_install_nothing(folder, words):
    """On a machine without QEMU, compilers and a package manager."""
    programs = folder / 'bin'
    programs.mkdir()
    for name in ('sh', 'dirname', 'python3'):
        (programs / name).symlink_to(shutil.which(name))
    done = run(*words, cwd=folder, path=str(programs))
    assert 'scripts/setup' not in done.stderr
    if words == ['--help']:
        assert done.returncode == 0 and '--image' in done.stdout
    else:
        assert done.returncode == 2
        assert 'install the package qemu-system-x86' in done.stderr or 'boot an ISO' in done.stderr


def test_a_qemu_that_does_not_start_is_status_2(folder):
    (folder / 'qemu').write_text('#!/bin/sh\necho qemu: no such machine >&2\nexit 1\n')
    done = run('--image', 'a.elf', '--qemu', './qemu', cwd=folder)
    assert done.returncode == 2
    assert 'the emulator did not start' in done.stderr


@pytest.mark.parametrize(
    'words, silent, printing',
    [
        ([], False, False),
        (['--expect', 'cpus=1'], True, False),
        (['--junit', 'results.xml'], True, False),
        (['--expect', 'cpus=1', '--debug'], False, False),
        (['--expect', 'cpus=1', '--timeout', '100000'], True, True),
    ],
)
def test_a_script_does_not_wait_for_ever_for_a_silent_machine(words, silent, printing):
    """--timeout counts from the start, and without one only silence does. A step of the clock counts for 5 s at most."""
    for progress, wanted in ((lambda step: 0, silent), (lambda step: step, printing)):
        now = [0.0]
        timeout = run_program.timeout_of(run_program.parse_arguments(words))
        timeout._now, timeout._share, timeout._last = lambda now=now: now[0], lambda: 1.0, 0.0
        expired = False
        for step in range(30000):
            now[0] += 5
            expired = expired or timeout.has_expired(progress(step))
        assert expired == wanted, (words, expired)


@pytest.mark.parametrize('words', [[], ['--expect', 'cpus=1'], ['--timeout', '100']])
def test_a_machine_that_would_wait_for_input_that_never_comes_is_pointed_out(folder, words):
    done = run('--image', 'a.elf', '--qemu', './qemu', *words, cwd=folder)
    assert ('no input comes: --expect verdict=pass makes it' in done.stderr) == (words == []), done.stderr


def test_an_image_is_judged_as_it_is(build, tmp_path):
    """From another folder, with a program by a relative path and a drive among QEMU's own arguments."""
    shutil.copyfile(build().path(ELF), tmp_path / 'copy.elf')
    (tmp_path / 'disk').write_bytes(bytes(512))
    (tmp_path / 'qemu').symlink_to(qemu_program())
    before = sorted(path.name for path in tmp_path.iterdir())
    words = ['--smp', '2', '--expect', 'cpus=2', '--expect', 'memory>=500M', '--expect', 'verdict=pass']
    drive = ['--', '-drive', 'if=none,file=disk,format=raw']
    done = run(
        '--image',
        'copy.elf',
        '--qemu',
        './qemu',
        *words,
        '--report',
        'facts',
        '--junit',
        'xml',
        *drive,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, 'facts', 'xml'])
    types = [json.loads(line)['type'] for line in (tmp_path / 'facts').read_text().splitlines()]
    assert types[-1] == 'verdict' and 'cpus' in types
    assert {case.status for case in junit.read(tmp_path / 'xml', 'run')} == {'pass'}


@pytest.mark.parametrize(
    'words, status',
    [
        (['--expect', 'cpus=2'], 1),
        (['--expect', 'verdict=fail'], 1),
        (['--cmdline', 'run="nonsense; exit"', '--expect', 'verdict=fail'], 0),
        (['--cmdline', 'run="crash panic"', '--expect', 'cpus=1'], 3),
        (['--cmdline', 'run="crash panic"', '--expect', 'verdict=panic'], 0),
    ],
)
def test_an_expectation_decides_the_status(build, tmp_path, words, status):
    done = run('--image', build().path(ELF), *words, '--junit', tmp_path / 'xml')
    assert done.returncode == status, done.stderr
    assert stream.Stream(done.stdout.encode()).objects
    statuses = {case.status for case in junit.read(tmp_path / 'xml', 'run')}
    assert ('fail' in statuses) == (status != 0)


def test_gfxmode_reaches_the_menu(build):
    done = run(
        '--build', build().folder, '--gfxmode', '800x600', '--expect', 'verdict=pass', '--timeout', '100'
    )
    assert done.returncode == 0, done.stderr
    assert '800x600' in done.stdout


def test_a_slow_reader_of_the_output_changes_no_result(build, tmp_path):
    """A non-blocking socket, as runners in Node.js have it, read a little at a time: no byte is lost or doubled."""
    words = ['--cmdline', 'run="report; report; exit"', '--report', tmp_path / 'facts']
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    with reader, subprocess.Popen(
        [str(ROOT / 'scripts/run'), '--image', str(build().path(ELF)), *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
    ) as process:
        writer.close()
        output = b''
        while part := reader.recv(128):
            output += part
            time.sleep(0.001)
        assert process.wait() == 0, process.stderr.read().decode()
    told = [json.loads(line) for line in (tmp_path / 'facts').read_text().splitlines()]
    assert stream.Stream(output).objects == told and told[-1]['type'] == 'verdict'
