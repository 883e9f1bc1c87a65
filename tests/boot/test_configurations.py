# SPDX-License-Identifier: BSD-2-Clause
"""Each combination of parts that a fork may leave out (docs/forking.md) is built, boots, and does what it should."""
import shutil
import subprocess

import pytest

from ashlar import bench_sizes, build as builds, figures
from ashlar.bench_results import Results

HANG_SECONDS = 120
TOLERANCE = 0.05  # as in test_figures.py
PROMPT = r'^ashlar> '
NO_MONITOR = 'boot: no monitor in this build: halted'
NOT_STARTED = 'smp: built without SMP: 1 CPUs not started'


def build_image(left_out, folder):
    """(image, Results) of the build without these parts."""
    results = Results()
    with bench_sizes.locked():
        variant = bench_sizes.build(left_out, builds.ELF)
        bench_sizes.add(results, left_out, variant.path(bench_sizes.PAYLOAD).stat().st_size)
        return shutil.copy(variant.elf, folder / 'configuration.elf'), results


def check_run(image, left_out, start):
    commands = (
        'help all; report *s; exit'
        if 'selftests' in left_out
        else 'help all; report cpus; test traps.*; exit'
    )
    outcome = start(image=image, boot='kernel', smp='2', cmdline=f'run="{commands}"').wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    passed = outcome.stream.fact('verdict')['passed']
    assert (passed == 0) == ('selftests' in left_out)
    assert any(NOT_STARTED in line for line in lines) == ('smp' in left_out)
    assert len(outcome.stream.fact('cpus')['online']) == (1 if 'smp' in left_out else 2)
    assert any(line.startswith('  cpus ') for line in lines) == ('smp' not in left_out)
    assert any(line.startswith('  walk ') for line in lines) == ('monitor' not in left_out)


def check_size(results):
    version = subprocess.run(['x86_64-linux-gnu-gcc', '-dumpversion'], capture_output=True, text=True).stdout
    if version.strip().split('.')[0] != '12':
        return  # the figures are of gcc 12
    values = figures.values_of(results.objects)
    stated = [figure for figure in figures.read() if figures.exact(figure, values) is not None]
    assert stated
    for figure in stated:
        assert abs(figure.value - figures.exact(figure, values)) <= TOLERANCE * figure.value, figure.label


@pytest.mark.parametrize('left_out', bench_sizes.COMBINATIONS, ids=bench_sizes.name_of)
def test_each_combination_boots_with_its_parts_and_has_the_size_that_the_page_states(
    left_out, start, tmp_path
):
    image, results = build_image(left_out, tmp_path)
    check_run(image, left_out, start)
    # Without run=, the prompt or the halt.
    start(image=image, boot='kernel').expect(NO_MONITOR if 'monitor' in left_out else PROMPT, HANG_SECONDS)
    check_size(results)


def test_a_kernel_above_the_limit_is_refused_by_an_error_that_names_the_option():
    with bench_sizes.locked():
        variant = bench_sizes.build(frozenset(), builds.ELF)
        configure = ['meson', 'configure', str(variant.folder)]
        try:
            subprocess.run([*configure, '-Dlargest=1000'], check=True, capture_output=True)
            words = [builds.ninja(), '-C', str(variant.folder), builds.ELF]
            done = subprocess.run(words, capture_output=True, text=True)
        finally:
            subprocess.run([*configure, '-Dlargest=0'], check=True, capture_output=True)
    assert done.returncode != 0
    assert 'configure with -Dlargest=BYTES' in done.stdout + done.stderr
