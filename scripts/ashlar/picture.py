# SPDX-License-Identifier: BSD-2-Clause
"""scripts/picture: makes the README's picture, docs/picture.png, from a boot of the ISO.

    scripts/picture [FILE]

Run it when what the picture shows has changed: tests/boot/test_picture.py compares the text in the picture with
a boot, apart from numbers.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from ashlar import ROOT, build, program
from ashlar.machine import Machine
from ashlar.session import Session

PICTURE = ROOT / 'docs/picture.png'
MODE = '1024x768x32'
CELL = (8, 16)
MACHINE = {'boot': 'iso', 'smp': '4', 'memory': '512M'}
COMMANDS = ('clear', 'summary', 'cpus', 'walk kernel64_main', 'test buddy*')
LAST_LOG_LINE = 'TSC (refined|rate confirmed|not refined)'
PROMPT = r'^ashlar> $'
HANG_SECONDS = 120


def take(session, path):
    """Types the commands, and writes the screen to @path, a PPM."""
    # It comes a second after the prompt, and would be in some pictures.
    session.expect(LAST_LOG_LINE, HANG_SECONDS)
    session.type('cpus\n')
    session.expect(r'of \d+ CPUs online\n', HANG_SECONDS)
    session.expect(PROMPT, HANG_SECONDS)
    for command in COMMANDS:
        session.type(f'{command}\n')
        session.expect(PROMPT, HANG_SECONDS)
    session.qmp('screendump', filename=str(path))


def write_png(ppm, path):
    with open(path, 'wb') as file:
        subprocess.run(['pnmtopng', '-compression=9', '-quiet', str(ppm)], stdout=file, check=True)


def read_png(path, ppm):
    """Writes the picture @path as a PPM."""
    with open(ppm, 'wb') as file:
        subprocess.run(['pngtopnm', '-quiet', str(path)], stdout=file, check=True)


def body():
    options = argparse.ArgumentParser(
        prog='scripts/picture',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument('file', nargs='?', type=pathlib.Path, default=PICTURE)
    path = options.parse_args().file
    variant = build.variant('gcc-O2')
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        iso = variant.make_iso(folder / 'picture.iso', gfxmode=MODE)
        session = Session.of(Machine(**MACHINE), iso, folder, qmp=True).start()
        try:
            take(session, folder / 'picture.ppm')
        finally:
            session.stop()
        write_png(folder / 'picture.ppm', path)
    print(f'{path}: {path.stat().st_size} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(program.main('scripts/picture', body))
