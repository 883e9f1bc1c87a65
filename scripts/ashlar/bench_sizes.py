# SPDX-License-Identifier: BSD-2-Clause
"""The size of the kernel without the parts that a fork may leave out, in each combination.

All are built in one folder, one after the other: what does not differ is compiled once.
"""
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


def build(left_out, *targets):
    """The build without the parts @left_out, brought up to date."""
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


def measure(results):
    results.heading('kernel64, stripped (release, -O2), without:')
    for left_out in COMBINATIONS:
        add(results, left_out, build(left_out, PAYLOAD))


def add(results, left_out, variant):
    size = variant.path(PAYLOAD).stat().st_size
    results.row(name_of(left_out), f'size.without.{name_of(left_out)}', 'bytes', size)


def run(results, _variant, _folder, _options):
    measure(results)
