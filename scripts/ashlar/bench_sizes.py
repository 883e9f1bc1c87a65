# SPDX-License-Identifier: BSD-2-Clause
"""The size of the kernel without the parts that a fork may leave out, in each combination.

All are built in one folder, one after the other: what does not differ is compiled once.
"""
import contextlib
import fcntl
import itertools
import subprocess

from ashlar import ROOT, Failure, build as builds

FOLDER = ROOT / 'build-test/configurations'
PAYLOAD = 'kernel64/kernel64.payload'
# Meson options of what may be left out, and what docs/forking.md calls it.
PARTS = {'selftests': 'self-tests', 'monitor': 'monitor', 'smp': 'SMP'}
COMBINATIONS = [
    frozenset(left_out)
    for count in range(len(PARTS) + 1)
    for left_out in itertools.combinations(PARTS, count)
]


def name_of(left_out):
    return '+'.join(part for part in PARTS if part in left_out) or 'nothing'


@contextlib.contextmanager
def locked():
    """While the folder has one combination. Tests run in several processes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / 'lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(left_out, *targets):
    """The build without the parts @left_out, brought up to date. Under locked() until its files have been used."""
    options = {part: 'false' if part in left_out else 'true' for part in PARTS}
    variant = builds.Build(FOLDER, 'gcc', werror='true', optimization='2', **options)
    variant.configure()
    done = subprocess.run(
        ['meson', 'configure', str(FOLDER), *(f'-D{part}={value}' for part, value in options.items())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise Failure(f'meson configure failed:\n{done.stdout}')
    variant.compile(*targets)
    return variant


def size_of(left_out):
    """In bytes, of the kernel without the parts @left_out."""
    with locked():
        return build(left_out, PAYLOAD).path(PAYLOAD).stat().st_size


def measure(results):
    results.heading('kernel64, stripped (release, -O2), without:')
    for left_out in COMBINATIONS:
        add(results, left_out, size_of(left_out))


def add(results, left_out, size):
    results.row(name_of(left_out), f'size.without.{name_of(left_out)}', 'bytes', size)


def run(results, _variant, _folder, _options):
    measure(results)
