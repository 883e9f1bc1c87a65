# SPDX-License-Identifier: BSD-2-Clause
"""A newer QEMU than Debian 12's, whose TCG has x2APIC: 10, from bookworm-backports.

It is unpacked into a folder of the build, and never installed (debian.py). Its libraries are those that the system's
QEMU uses. Where the system's QEMU is new enough, that is the one.
"""
import contextlib
import pathlib
import re

from ashlar import ROOT, Failure, debian
from ashlar.command import output_of
from ashlar.machine import qemu_program

FOLDER = ROOT / 'build-test/qemu10'
WANTED = 10
SUITE = 'bookworm-backports'
PACKAGES = ('qemu-system-x86', 'qemu-system-common', 'qemu-system-data', 'seabios')


def major_version(program):
    found = re.search(r'version (\d+)\.', output_of(program, '--version'))
    return int(found[1]) if found else 0


def fetch(folder=FOLDER):
    """The program, downloaded when @folder does not hold it yet. Failure: with the reason why it cannot be had."""
    folder = pathlib.Path(folder)
    program = folder / 'root/usr/bin/qemu-system-x86_64'
    with debian.locked(folder):
        if not program.exists():
            if debian.codename() != SUITE.split('-')[0]:
                raise Failure(f'QEMU {WANTED} comes from {SUITE}, whose libraries are another release\'s')
            debian.unpack(folder, SUITE, PACKAGES)
    missing = re.findall(r'^\s*(\S+) => not found', output_of('ldd', program), re.MULTILINE)
    if missing:
        raise Failure(f'QEMU 10 lacks libraries: {" ".join(missing)}')
    if major_version(program) < WANTED:
        raise Failure(f'{program} is older than QEMU {WANTED}')
    return program


def find():
    """The system's QEMU where it is new enough, else fetch().

    Return: the program, and its arguments before and after all others: where its firmware is.
    """
    with contextlib.suppress(Failure, OSError):
        system = qemu_program()
        if major_version(system) >= WANTED:
            return str(system), ()
    program = fetch()
    share = program.parents[1] / 'share'
    return str(program), ('-L', str(share / 'qemu'), '-L', str(share / 'seabios'))
