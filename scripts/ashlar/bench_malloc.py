# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench malloc: the programs of mimalloc-bench under libashlar-malloc.so and other allocators: time and peak memory.

bench_malloc_suite.py has the programs. Commands are those of the suite's bench.sh, for as many threads as there are processors.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from ashlar import ROOT, Failure, bench_mm
from ashlar.bench_malloc_suite import (
    CLIENTS,
    FIXED_TIME,
    RELATIVE,
    SAME_OUTPUT,
    TESTS,
    VARIABLE,
    command_of,
    compile_programs,
    folder_of,
)
from ashlar.command import output_of

HANG_SECONDS = 900
START_SECONDS = 60
NEAR_TIME, NEAR_MEMORY = 1.10, 1.15
# A Debian program may be linked with another allocator: the C library's comes first by this.
C_LIBRARY = 'libc.so.6'


class Run:
    """One run of a test under one allocator."""

    def __init__(self, test, command, library, bench, measure):
        with tempfile.TemporaryDirectory() as scratch:
            figures = pathlib.Path(scratch) / 'figures'
            work = pathlib.Path(scratch) / 'work'
            if folder_of(test, bench):
                shutil.copytree(folder_of(test, bench), work)
            else:
                work.mkdir()
            words = [str(measure), str(figures), str(HANG_SECONDS), str(library or C_LIBRARY), *command]
            environment = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C'}
            with open(bench / 'barnes/input' if test == 'barnes' else os.devnull) as stdin, open(
                pathlib.Path(scratch) / 'output', 'w+b'
            ) as output:
                process = subprocess.Popen(
                    words, stdin=stdin, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=work
                )
                said = self._run_clients(CLIENTS[test], work, process) if test in CLIENTS else ''
                self.status = process.wait()
                output.seek(0)
                self.output = said or output.read().decode(errors='replace')
            seconds, cpu_seconds, peak = figures.read_text().split()
        self.seconds, self.cpu_seconds, self.peak = float(seconds), float(cpu_seconds), int(peak) << 10
        if self.status == 0 and test in RELATIVE:
            pattern, relative = RELATIVE[test]
            found = re.search(pattern, self.output, re.MULTILINE)
            elapsed, self.seconds = self.seconds, relative(found[1]) if found else float('inf')
            if test in FIXED_TIME:
                self.cpu_seconds *= self.seconds / (elapsed * os.cpu_count())

    @staticmethod
    def _run_clients(commands, folder, server):
        """Return: what they said. The first is tried until the server listens."""
        end = time.monotonic() + START_SECONDS
        said = []
        for command in commands:
            while True:
                done = subprocess.run(
                    shlex.split(command),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=HANG_SECONDS,
                )
                if done.returncode == 0 or said or server.poll() is not None or time.monotonic() > end:
                    break
                time.sleep(0.1)
            said.append(done.stdout.replace('\r', '\n'))
        return ''.join(said)


def measure_test(test, command, libraries, bench, measure, runs):
    """Allocator: its best run; a failure is in the run's `problem`."""
    taken = {name: [] for name in libraries}
    for _ in range(runs):
        for name, library in libraries.items():
            taken[name].append(Run(test, command, library, bench, measure))
    expected = next(iter(taken.values()))[0].output
    best = {}
    for name, all_runs in taken.items():
        best[name] = run = min(all_runs, key=lambda run: run.seconds)
        bad = next((run for run in all_runs if run.status != 0), None)
        run.problem = (
            f'status {bad.status}: {bad.output.strip()[-200:]}'
            if bad
            else 'other output'
            if test in SAME_OUTPUT and any(run.output != expected for run in all_runs)
            else ''
        )
        run.peak = min(run.peak for run in all_runs)
        run.cpu_seconds = min(run.cpu_seconds for run in all_runs)
    return best


def geometric_mean(values):
    product = 1.0
    for value in values:
        product *= value
    return product ** (1 / len(values)) if values else 0.0


def means(rows, name, value):
    """Of an allocator's figures, each divided by the test's best of all."""
    return geometric_mean(
        [value(best[name]) / min(value(run) for run in best.values()) for best in rows.values()]
    )


def show_means(results, rows, libraries):
    figures = (
        ('time', 'time', lambda run: run.seconds, NEAR_TIME),
        ('cpu', 'time of processors', lambda run: run.cpu_seconds, None),
        ('peak', 'peak memory', lambda run: run.peak, NEAR_MEMORY),
    )
    print()
    for key, words, value, near in figures:
        mean = {name: means(rows, name, value) for name in libraries}
        is_met = near is None or mean['Ashlar'] <= min(mean.values()) * near
        results.is_missed |= not is_met
        note = (
            '' if near is None else f'   within {near - 1:.0%} of the first: {"met" if is_met else "MISSED"}'
        )
        print(
            f'  {"geometric mean, " + words:<38}'
            + ''.join(f'{mean[name]:>22.3f}' for name in libraries)
            + note
        )
        for name in libraries:
            results.add(f'malloc.mean.{key}', 'ratio', round(mean[name], 4), system=name)


def run(results, variant, folder, options):
    checkout = os.environ.get(VARIABLE)
    if not checkout:
        print(f'SKIP malloc: {VARIABLE} names no checkout of github.com/daanx/mimalloc-bench')
        return
    bench = pathlib.Path(checkout).resolve() / 'bench'
    if not (bench / 'CMakeLists.txt').exists():
        raise Failure(f'{VARIABLE}: there is no bench/CMakeLists.txt in {checkout}')
    libraries = bench_mm.prepare_allocators(variant, folder, not options.no_peer)
    programs_folder = folder / 'mimalloc-bench'
    programs_folder.mkdir(exist_ok=True)
    results.heading(
        f'mimalloc-bench: seconds, of processors, and MiB at the peak, the best of {options.runs} runs in turn'
    )
    programs = compile_programs(bench, programs_folder)
    measure = programs_folder / 'measure_run'
    output_of('gcc', '-O2', '-o', measure, ROOT / 'tests/bench/measure_run.c')
    print(f'  {"":<38}' + ''.join(f'{name:>22}' for name in libraries))
    rows = {}
    for test in TESTS:
        if options.only and not re.fullmatch(options.only, test):
            continue
        command = command_of(test, programs, bench)
        if not command:
            print(f'  {test:<38}   SKIP: {shlex.split(TESTS[test])[0]} is not there')
            continue
        best = measure_test(test, command, libraries, bench, measure, options.runs)
        print(
            f'  {test:<38}'
            + ''.join(
                f'{run.seconds:>7.2f}{run.cpu_seconds:>7.2f}{run.peak / 2**20:>8.1f}' for run in best.values()
            ),
            flush=True,
        )
        for name, one in best.items():
            if one.problem:
                print(f'    {name}: {one.problem}')
                results.is_missed |= name == 'Ashlar'
            results.add(
                f'malloc.{test}',
                's',
                round(one.seconds, 4),
                system=name,
                peak_bytes=one.peak,
                cpu_seconds=round(one.cpu_seconds, 3),
                ended_right=not one.problem,
            )
        if not any(one.problem for one in best.values()):
            rows[test] = best
    if rows:
        show_means(results, rows, libraries)
