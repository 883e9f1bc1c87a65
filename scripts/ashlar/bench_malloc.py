# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench malloc: the programs of mimalloc-bench under libashlar-malloc.so and other allocators: time and peak memory.

The programs are data from outside the tree: MIMALLOC_BENCH names a checkout of github.com/daanx/mimalloc-bench. What it
downloads itself (sh6bench, lean, redis, rocksdb, lua, a PDF, ...) is left out; ghostscript, z3 and ruby are run when Debian's
packages are installed. Commands are those of its bench.sh, for as many threads as there are processors.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

from ashlar import ROOT, Failure, bench_mm
from ashlar.command import output_of

VARIABLE = 'MIMALLOC_BENCH'
HANG_SECONDS = 900
NEAR_TIME, NEAR_MEMORY = 1.10, 1.15
FLAGS = ('-O3', '-w', '-DNDEBUG', '-pthread')
# Program: its sources below bench/, and flags beyond FLAGS. `*` is what its CMakeLists.txt lists.
BUILT = {
    'cfrac': ('cfrac/*', ('-std=gnu89', '-DNOMEMOPT=1')),
    'espresso': ('espresso/*', ('-std=gnu89',)),
    'barnes': ('barnes/*', ('-std=gnu89',)),
    'larson': ('larson/larson.cpp', ('-DCPP=1',)),
    'larson-sized': ('larson/larson.cpp', ('-DCPP=1', '-DSIZED=1', '-fsized-deallocation')),
    'alloc-test': ('alloc-test/test_common.cpp alloc-test/allocator_tester.cpp', ('-DBENCH=4', '-std=c++17')),
    'cache-scratch': ('cache-scratch/cache-scratch.cpp', ()),
    'cache-thrash': ('cache-thrash/cache-thrash.cpp', ()),
    'xmalloc-test': ('xmalloc-test/xmalloc-test.c', ()),
    'malloc-large-old': ('malloc-large/malloc-large-old.cpp', ('-std=c++17',)),
    'malloc-large': ('malloc-large/malloc-large.cpp', ('-std=c++17',)),
    'mstress': ('mstress/mstress.c', ()),
    'mleak': ('mleak/mleak.c', ()),
    'rptest': ('rptest/rptest.c rptest/thread.c rptest/timer.c', ('-fpermissive', '-Irptest')),
    'glibc-simple': ('glibc-bench/bench-malloc-simple.c', ()),
    'glibc-thread': ('glibc-bench/bench-malloc-thread.c', ()),
}
# In the place of a PDF of 20 MB: dictionaries, names and arrays that are made and dropped.
GS_PROGRAM = (
    '1 1 40 {pop /d 2000 dict def 1 1 2000 {dup 20 string cvs cvn exch array d 3 1 roll put} for} for '
    '(done) = quit'
)
# Test: command; N is the number of threads, BENCH the checkout's bench folder. The first word is a program above or in PATH.
TESTS = {
    'cfrac': 'cfrac 17545186520507317056371138836327483792789528',
    'espresso': 'espresso BENCH/espresso/largest.espresso',
    'barnes': 'barnes',
    'larsonN': 'larson 5 8 1000 5000 100 4141 N',
    'larsonN-sized': 'larson-sized 5 8 1000 5000 100 4141 N',
    'mstressN': 'mstress N 50 25',
    'rptestN': 'rptest N 0 1 2 500 1000 100 8 16000',
    'gs': f'gs -q -dBATCH -dNODISPLAY -c "{GS_PROGRAM}"',
    'alloc-test1': 'alloc-test 1',
    'alloc-testN': 'alloc-test N',
    'xmalloc-testN': 'xmalloc-test -w N -t 5 -s 64',
    'cache-scratch1': 'cache-scratch 1 1000 1 2000000 N',
    'cache-scratchN': 'cache-scratch N 1000 1 2000000 N',
    'cache-thrash1': 'cache-thrash 1 1000 1 2000000 N',
    'cache-thrashN': 'cache-thrash N 1000 1 2000000 N',
    'malloc-large': 'malloc-large',
    'malloc-large-old': 'malloc-large-old',
    'mleak10': 'mleak 5',
    'mleak100': 'mleak 50',
    'rbstress1': 'ruby BENCH/rbstress/stress_mem.rb 1',
    'rbstressN': 'ruby BENCH/rbstress/stress_mem.rb N',
    'z3': 'z3 -smt2 BENCH/z3/test1.smt2',
    'glibc-simple': 'glibc-simple',
    'glibc-thread': 'glibc-thread N',
}
# Programs that run for a fixed time print their result: seconds from their output, as in bench.sh.
RELATIVE = {
    'larsonN': (r' time: ([0-9.]+)', float),
    'larsonN-sized': (r' time: ([0-9.]+)', float),
    'rptestN': (r'\.\.\.([0-9]+) memory ops', lambda ops: 2_000_000 / float(ops)),
    'xmalloc-testN': (r'rtime: ([0-9.]+)', float),
    'glibc-thread': (r'^([0-9.]+)', lambda iterations: 1_000_000_000 / float(iterations)),
}
# Their output is the same under every allocator.
SAME_OUTPUT = ('cfrac', 'espresso', 'z3', 'gs')


def listed_sources(bench, name):
    """The sources of a program, from CMakeLists.txt."""
    text = (bench / 'CMakeLists.txt').read_text()
    return re.search(rf'set\({name}_sources\s+([^)]*)\)', text)[1].split()


def compile_programs(bench, folder):
    """Program: where it is. One that cannot be built is named."""
    programs = {}
    for name, (sources, flags) in BUILT.items():
        paths = (
            [f'{name}/{source}' for source in listed_sources(bench, name)]
            if sources.endswith('*')
            else sources.split()
        )
        output = folder / name
        compiler = 'g++' if any(path.endswith('.cpp') for path in paths) else 'gcc'
        done = subprocess.run(
            [compiler, *FLAGS, *flags, '-o', output, *paths, '-lm'], cwd=bench, capture_output=True, text=True
        )
        if done.returncode == 0:
            programs[name] = output
        else:
            print(
                f'  SKIP {name}: does not compile: {done.stderr.strip().splitlines()[0] if done.stderr else ""}'
            )
    return programs


def command_of(test, programs, bench):
    """Words of a test's command; None when its program is not there."""
    words = shlex.split(TESTS[test])
    program = programs.get(words[0]) or shutil.which(words[0])
    if not program:
        return None
    return [
        str(program),
        *(str(os.cpu_count()) if word == 'N' else word.replace('BENCH', str(bench)) for word in words[1:]),
    ]


class Run:
    """One run of a test under one allocator."""

    def __init__(self, test, command, library, bench, measure):
        stdin = open(bench / 'barnes/input') if test == 'barnes' else subprocess.DEVNULL
        with tempfile.TemporaryDirectory() as scratch:
            figures = pathlib.Path(scratch) / 'figures'
            done = subprocess.run(
                [str(measure), str(figures), str(HANG_SECONDS), str(library or ''), *command],
                stdin=stdin,
                env={'PATH': '/usr/bin:/bin', 'LC_ALL': 'C'},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors='replace',
                cwd=scratch,
            )
            seconds, cpu_seconds, peak = figures.read_text().split()
        self.status, self.output = done.returncode, done.stdout
        self.seconds, self.cpu_seconds, self.peak = float(seconds), float(cpu_seconds), int(peak) << 10
        if self.status == 0 and test in RELATIVE:
            pattern, relative = RELATIVE[test]
            found = re.search(pattern, self.output, re.MULTILINE)
            self.seconds = self.cpu_seconds = relative(found[1]) if found else float('inf')


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
            + ''.join(f'{mean[name]:>16.3f}' for name in libraries)
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
    results.heading(f'mimalloc-bench: seconds and MiB at the peak, the best of {options.runs} runs in turn')
    programs = compile_programs(bench, programs_folder)
    measure = programs_folder / 'measure_run'
    output_of('gcc', '-O2', '-o', measure, ROOT / 'tests/bench/measure_run.c')
    print(f'  {"":<38}' + ''.join(f'{name:>16}' for name in libraries))
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
            + ''.join(f'{run.seconds:>8.2f}{run.peak / 2**20:>8.1f}' for run in best.values()),
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
