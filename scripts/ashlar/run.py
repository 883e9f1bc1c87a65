# SPDX-License-Identifier: BSD-2-Clause
"""scripts/run: builds what is out of date and boots it, or boots a given image.

Without options: an ISO, in QEMU's q35 with its BIOS, and the prompt in this terminal. Leave with
the command `exit`, or with Ctrl-A X.

    scripts/run --boot kernel --cmdline 'run="test; exit"' --junit results.xml
    scripts/run --image ashlar.iso --smp 4 --expect cpus=4 --expect 'memory>=500M'

Relative paths, also those among ARGS, belong to the folder in which it is called. With --expect or --junit,
and without run= in --cmdline, the machine runs `report` and exits.

Exit status: 0 pass (or you left the prompt), 1 fail, also what --expect says, 2 it could not be started, 3 panic,
4 timeout, 5 the machine ended without a verdict.
"""
import argparse
import contextlib
import json
import math
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from ashlar import ROOT, Failure, bochs, expect, junit, program, progress, stream
from ashlar.build import Build
from ashlar.machine import Machine, emulator_log_folder, qemu_command
from ashlar.timeout import Timeout
from ashlar.session import Session

UNATTENDED = 'run="report; exit"'
# Of silence, for a machine that a script waits for without a --timeout of its own.
UNATTENDED_SECONDS = 600
GFXMODE = re.compile(r'(?:\d+x\d+(?:x\d+)?|auto|text|keep)(?:,(?:\d+x\d+(?:x\d+)?|auto|text))*')
ELF_MAGIC = b'\x7fELF'
ISO_MAGIC, ISO_MAGIC_AT = b'CD001', 0x8001


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        prog='scripts/run',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_image_arguments(parser)
    add_machine_arguments(parser)
    add_result_arguments(parser)
    parser.add_argument('extra', nargs='*', metavar='-- ARGS', help='more arguments for the emulator')
    options = parser.parse_args(argv)
    if options.extra and '--' not in argv:
        parser.error(f'unexpected argument: {options.extra[0]}; those for the emulator come after --')
    return options


def add_image_arguments(parser):
    group = parser.add_argument_group('what is booted')
    group.add_argument(
        '--image', metavar='FILE', help='an ISO or ELF file, as it is; nothing is built and nothing installed'
    )
    group.add_argument(
        '--boot',
        choices=['iso', 'kernel'],
        help='through GRUB from an ISO, or the ELF file by QEMU itself (PVH); default: iso, or what FILE is',
    )
    group.add_argument('--build', type=pathlib.Path, metavar='FOLDER', help='build folder; default: build')
    group.add_argument(
        '--cmdline', default='', metavar='TEXT', help='kernel options, such as \'run="test; exit"\''
    )
    group.add_argument(
        '--gfxmode',
        metavar='MODE',
        help="the screen that the ISO's menu requests, as in GRUB: 1920x1080, 800x600x32, text",
    )


def add_machine_arguments(parser):
    defaults = Machine()
    group = parser.add_argument_group('the machine')
    group.add_argument('--firmware', choices=['bios', 'uefi'], help='default: bios, or uefi with --ovmf')
    group.add_argument(
        '--ovmf',
        default='',
        metavar='PATH',
        help="UEFI firmware: a file, or a folder that has OVMF_CODE.fd; default: the system's",
    )
    group.add_argument(
        '--emulator', choices=['qemu', 'bochs'], default=defaults.emulator, help='default: %(default)s'
    )
    group.add_argument(
        '--qemu', default='', metavar='PROGRAM', help='a QEMU; default: $ASHLAR_QEMU, or qemu-system-x86_64'
    )
    group.add_argument(
        '--machine', choices=['q35', 'pc', 'microvm'], default=defaults.machine, help='default: %(default)s'
    )
    group.add_argument(
        '--cpu',
        default=defaults.cpu,
        metavar='MODEL',
        help="the emulator's name for it, with its options; default: all features of the emulator",
    )
    group.add_argument(
        '--smp', default=defaults.smp, metavar='N', help="CPUs, or the argument of QEMU's -smp; default: 1"
    )
    group.add_argument(
        '--memory', default=defaults.memory, metavar='SIZE', help='such as 64M or 16G; default: %(default)s'
    )
    group.add_argument(
        '--display', default=defaults.display, help='none, gtk, sdl, ...; default: %(default)s'
    )
    group.add_argument('--accel', choices=['tcg', 'kvm'], default=defaults.accel, help='default: %(default)s')
    group.add_argument('--debug', action='store_true', help='wait for gdb before the first instruction')
    group.add_argument('--dry-run', action='store_true', help="print the emulator's command, and do nothing")


def seconds(text):
    value = float(text)
    if not value > 0:
        raise ValueError
    return value


def add_result_arguments(parser):
    group = parser.add_argument_group('the result')
    group.add_argument(
        '--timeout',
        type=seconds,
        metavar='SECONDS',
        help='stop the machine after this time, with status 4; each CPU first says, at an NMI, where it is',
    )
    group.add_argument('--report', metavar='FILE', help='write the JSON lines to FILE')
    group.add_argument('--junit', metavar='FILE', help='write verdict, tests and expectations as JUnit XML')
    expect.add_arguments(group)


# --- what is booted ---


def kind_of_image(path):
    """kernel or iso."""
    try:
        with open(path, 'rb') as file:
            if file.read(len(ELF_MAGIC)) == ELF_MAGIC:
                return 'kernel'
            file.seek(ISO_MAGIC_AT)
            if file.read(len(ISO_MAGIC)) == ISO_MAGIC:
                return 'iso'
    except OSError as error:
        raise Failure(f'--image: {path}: {error.strerror}') from None
    raise Failure(f'--image: {path} is neither an ELF file nor an ISO')


def check(options):
    """Fails with a message for options that exclude each other."""
    if options.image:
        kind = kind_of_image(options.image)
        if options.boot not in (None, kind):
            raise Failure(f'--image: {options.image} is for --boot {kind}')
        if options.build:
            raise Failure('--image is booted as it is; it does not go with --build')
        if options.emulator == 'bochs' and options.cmdline:
            raise Failure('Bochs cannot hand --cmdline to an image; leave out --image, or use QEMU')
        options.boot = kind
    options.boot = options.boot or 'iso'
    options.firmware = options.firmware or ('uefi' if options.ovmf else 'bios')
    if options.gfxmode and (options.image or options.boot == 'kernel'):
        raise Failure(
            '--gfxmode goes into the menu of an ISO that is made: not with --image or --boot kernel'
        )
    if options.gfxmode and not GFXMODE.fullmatch(options.gfxmode):
        raise Failure(
            f'--gfxmode: {options.gfxmode!r} is no mode such as 1920x1080, 800x600x32, auto or text'
        )


def machine_of(options):
    fields = (
        'boot',
        'firmware',
        'emulator',
        'machine',
        'cpu',
        'smp',
        'memory',
        'cmdline',
        'display',
        'accel',
        'qemu',
        'ovmf',
        'debug',
    )
    machine = Machine(**{field: getattr(options, field) for field in fields}, extra=tuple(options.extra))
    if is_unattended(options) and 'run=' not in machine.cmdline:
        machine.cmdline = f'{UNATTENDED} {machine.cmdline}'.strip()
    machine.check()
    return machine


@contextlib.contextmanager
def log_folder(options, build):
    """The folder for the emulator's files. A run of a given image leaves none."""
    if not options.image:
        yield emulator_log_folder(build.folder)
        return
    with tempfile.TemporaryDirectory(prefix='ashlar-run-') as folder:
        yield pathlib.Path(folder)


def print_command(machine, image, folder):
    if machine.emulator == 'bochs':
        print('# bochs -q -f bochsrc, with this bochsrc:')
        print(bochs.bochsrc(machine, image, 'PORT', folder), end='')
    else:
        print(shlex.join(qemu_command(machine, image, folder / 'serial.log')))


def how_it_ends(options, machine):
    """For a person at the prompt, or for a script that does not say what to run."""
    if 'run=' in machine.cmdline or options.timeout or not input_is_empty():
        return 'the command `exit`, or Ctrl-A X, leaves'
    return 'it stays at the prompt, and no input comes: --expect verdict=pass makes it report and exit'


def input_is_empty():
    try:
        return os.path.samestat(os.fstat(0), os.stat(os.devnull))
    except OSError:
        return True  # closed


def print_debug_hint(build):
    script = os.path.relpath(ROOT / 'scripts/gdb/ashlar.gdb')
    print(
        f'The machine waits. In another terminal:  gdb -x {script}'
        + ('' if build.folder == ROOT / 'build' else f'  (with ASHLAR_BUILD={build.folder})'),
        file=sys.stderr,
    )


# --- its result ---


def write_report(path, log):
    with open(path, 'w') as file:
        file.writelines(json.dumps(item, separators=(',', ':')) + '\n' for item in log.objects)


def is_unattended(options):
    return bool(options.expect or options.junit)


def timeout_of(options):
    """That of the user counts from the start; without one, only silence does, and only where a script waits."""
    if options.timeout or options.debug or not is_unattended(options):
        return Timeout(options.timeout, printing_factor=1, share=lambda: 1.0)
    return Timeout(UNATTENDED_SECONDS, printing_factor=math.inf)


def conclude(options, expectations, outcome):
    """Writes the results. Return: the exit status."""
    answers, status = expect.judge(expectations, outcome.stream, outcome.verdict)
    if options.report:
        write_report(options.report, outcome.stream)
    if options.junit:
        cases = junit.cases_of_run(outcome.stream, outcome.verdict, outcome.words, answers, outcome.seconds)
        junit.write(options.junit, cases)
    if (
        outcome.verdict == stream.NO_VERDICT
        and outcome.exit_status == 0
        and sys.stdin.isatty()
        and not expectations
    ):
        return 0
    if outcome.verdict != stream.PASS:
        print(f'\nscripts/run: {outcome.words}', file=sys.stderr)
    elif is_unattended(options):
        print(f'scripts/run: verdict: pass, after {outcome.seconds:.1f} s', file=sys.stderr)
    for each in answers:
        if not each.is_met:
            print(f'scripts/run: {each.words}', file=sys.stderr)
    return status


def run(options):
    expectations = [expect.parse(text) for text in options.expect]
    check(options)
    machine = machine_of(options)
    build = Build(options.build.absolute()) if options.build else Build()
    if options.dry_run:
        folder = build.folder / 'run'
        image = options.image or build.path_for(machine, folder, options.gfxmode)
        print_command(machine, os.path.abspath(image), folder)
        return 0
    if machine.emulator == 'qemu':
        qemu_command(machine, '')  # what is missing is reported before anything is built
    for option in 'report', 'junit':
        if getattr(options, option):
            program.empty_file(f'--{option}', getattr(options, option))
    with log_folder(options, build) as folder:
        image = options.image or prepare(options, machine, build, folder)
        progress.say(f'booting {os.path.relpath(image)}; {how_it_ends(options, machine)}')
        if options.debug:
            print_debug_hint(build)
        with Session.of(machine, image, folder, interactive=True, cwd=os.getcwd()) as session:
            outcome = session.wait(timeout_of(options))
    return conclude(options, expectations, outcome)


def prepare(options, machine, build, folder):
    """The image that @machine boots, built."""
    if machine.emulator == 'bochs':
        subprocess.run([str(ROOT / 'scripts/setup'), 'bochs'], check=True)
    return build.image_for(machine, folder, options.gfxmode)


def main():
    options = parse_arguments(sys.argv[1:])
    if not options.dry_run:
        progress.show()
    return program.main('scripts/run', lambda: run(options))


if __name__ == '__main__':
    sys.exit(main())
