# SPDX-License-Identifier: BSD-2-Clause
"""scripts/run: builds what is out of date and boots it.

Without options: an ISO, in QEMU's q35 with its BIOS, and the prompt in this terminal. Leave with
the command `exit`, or with Ctrl-A X.

Exit status: 0 pass (or you left the prompt), 1 fail, 2 it could not be started, 3 panic, 4 timeout,
5 the machine ended without a verdict.
"""
import argparse
import json
import pathlib
import shlex
import subprocess
import sys

from ashlar import ROOT, Failure, bochs, stream
from ashlar.build import Build
from ashlar.machine import Machine, emulator_log_folder, qemu_command
from ashlar.timeout import Timeout
from ashlar.session import Session


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        prog='scripts/run',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults = Machine()
    parser.add_argument(
        '--boot',
        choices=['iso', 'kernel'],
        default=defaults.boot,
        help='through GRUB from an ISO, or the ELF file by QEMU itself (PVH); default: %(default)s',
    )
    parser.add_argument(
        '--firmware', choices=['bios', 'uefi'], default=defaults.firmware, help='default: %(default)s'
    )
    parser.add_argument(
        '--emulator', choices=['qemu', 'bochs'], default=defaults.emulator, help='default: %(default)s'
    )
    parser.add_argument(
        '--machine', choices=['q35', 'pc', 'microvm'], default=defaults.machine, help='default: %(default)s'
    )
    parser.add_argument(
        '--cpu',
        default=defaults.cpu,
        metavar='MODEL',
        help="the emulator's name for it, with its options; default: all features of the emulator",
    )
    parser.add_argument(
        '--smp', default=defaults.smp, metavar='N', help="CPUs, or the argument of QEMU's -smp; default: 1"
    )
    parser.add_argument(
        '--memory', default=defaults.memory, metavar='SIZE', help='such as 64M or 16G; default: %(default)s'
    )
    parser.add_argument(
        '--cmdline', default='', metavar='TEXT', help='kernel options, such as \'run="test; exit"\''
    )
    parser.add_argument(
        '--display', default=defaults.display, help='none, gtk, sdl, ...; default: %(default)s'
    )
    parser.add_argument(
        '--accel', choices=['tcg', 'kvm'], default=defaults.accel, help='default: %(default)s'
    )
    parser.add_argument('--debug', action='store_true', help='wait for gdb before the first instruction')
    parser.add_argument(
        '--timeout', type=float, metavar='SECONDS', help='stop the machine after this time, with status 4'
    )
    parser.add_argument('--report', type=pathlib.Path, metavar='FILE', help='write the JSON lines to FILE')
    parser.add_argument('--build', type=pathlib.Path, metavar='FOLDER', help='build folder; default: build')
    parser.add_argument('--dry-run', action='store_true', help="print the emulator's command, and do nothing")
    parser.add_argument('extra', nargs='*', metavar='-- ARGS', help='more arguments for the emulator')
    return parser.parse_args(argv)


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
        'debug',
    )
    return Machine(**{field: getattr(options, field) for field in fields}, extra=tuple(options.extra))


def print_command(machine, build, folder):
    image = build.elf if machine.boot == 'kernel' else build.iso
    if machine.emulator == 'bochs':
        print('# bochs -q -f bochsrc, with this bochsrc:')
        print(bochs.bochsrc(machine, image, 'PORT'), end='')
    else:
        print(shlex.join(qemu_command(machine, image, folder / 'serial.log')))


def print_debug_hint(build):
    script = ROOT / 'scripts/gdb/ashlar.gdb'
    print(
        f'The machine waits. In another terminal:  gdb -x {script.relative_to(ROOT)}'
        + ('' if build.folder == ROOT / 'build' else f'  (with ASHLAR_BUILD={build.folder})'),
        file=sys.stderr,
    )


def write_report(path, log):
    path.write_text(''.join(json.dumps(item, separators=(',', ':')) + '\n' for item in log.objects))


def run(options):
    machine = machine_of(options)
    machine.check()
    build = Build(options.build.absolute()) if options.build else Build()
    folder = build.folder / 'run'
    if options.dry_run:
        print_command(machine, build, folder)
        return 0
    build.configure()
    folder = emulator_log_folder(build.folder)
    if machine.emulator == 'bochs':
        subprocess.run([str(ROOT / 'scripts/setup'), 'bochs'], check=True)
    image = build.image_for(machine, folder)
    if options.debug:
        print_debug_hint(build)
    with Session.of(machine, image, folder, interactive=True) as session:
        outcome = session.wait(Timeout(options.timeout, printing_factor=1, share=lambda: 1.0))
    if options.report:
        write_report(options.report, outcome.stream)
    if outcome.verdict == stream.NO_VERDICT and outcome.exit_status == 0 and sys.stdin.isatty():
        return 0
    if outcome.verdict != stream.PASS:
        print(f'\nscripts/run: {outcome.words}', file=sys.stderr)
    return stream.EXIT_STATUS[outcome.verdict]


def main():
    try:
        return run(parse_arguments(sys.argv[1:]))
    except Failure as failure:
        print(f'scripts/run: {failure}', file=sys.stderr)
    except subprocess.CalledProcessError as failure:
        return failure.returncode
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
