# SPDX-License-Identifier: BSD-2-Clause
"""scripts/test: builds, runs the hosted unit tests and the whole-machine tests.

Without options: both. Ends in one line, `N passed, N failed, N skipped`, in which every test case
counts; what was skipped is named above it with its reason. Exit status: 0 when nothing failed.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from ashlar import ROOT, Failure, build, junit, kvm_lane, xen_lane

UNIT_BUILD = 'gcc-O2-checked'
# Meson's time-outs are for a host that does nothing else, and are here to notice a hang only.
UNIT_TIMEOUT_FACTOR = 8
# The time for all machines under KVM; the rest are skips with their names.
KVM_QUICK_SECONDS, KVM_SECONDS = 170, 3600
# cmocka's lines; ASan's report follows RUN, with no result after it.
CMOCKA_LINE = re.compile(r'\[\s*(RUN|OK|FAILED|SKIPPED)\s*\] (\w+)$', re.MULTILINE)


class Results:
    """What all suites gave, for the closing line and for JUnit."""

    def __init__(self):
        self.cases = []

    def add(self, suite, name, status, seconds=0.0, words=''):
        self.cases.append(junit.Case(suite, name, status, seconds, words))

    def of(self, status):
        return [case for case in self.cases if case.status == status]

    def closing_line(self):
        return f'{len(self.of("pass"))} passed, {len(self.of("fail"))} failed, {len(self.of("skip"))} skipped'


# --- unit tests ----------------------------------------------------------------------------------


def read_unit_test(results, record):
    """One line of Meson's testlog.json: a program with one or many cases in it."""
    program = record['name'].split(' / ')[-1]
    output = record.get('stdout', '') + record.get('stderr', '')
    # Counts over files of real machines' data are part of the result.
    for line in re.findall(r'^corpus .*$', output, re.MULTILINE):
        print(line)
    started = {}
    for kind, name in CMOCKA_LINE.findall(output):
        started[name] = {'RUN': 'fail', 'OK': 'pass', 'FAILED': 'fail', 'SKIPPED': 'skip'}[kind]
    outcome = {'OK': 'pass', 'SKIP': 'skip'}.get(record['result'], 'fail')
    if outcome == 'fail' and 'fail' not in started.values():
        started['(the program itself)'] = 'fail'
    elif not started:
        started['(the program itself)'] = outcome
    for name, status in started.items():
        results.add(
            'unit',
            f'{program}: {name}',
            status,
            record['duration'] / len(started),
            skip_reason(output, name) if status == 'skip' else output[-4000:] if status == 'fail' else '',
        )


def skip_reason(output, name):
    """A test's output between its RUN and SKIPPED lines."""
    match = re.search(
        rf'\[ RUN\s+\] {name}\n(.*?)\[\s*SKIPPED\s*\] {name}$', output, re.MULTILINE | re.DOTALL
    )
    return match[1].strip() if match else output.strip()[-200:]


def run_unit_tests(results):
    print('unit tests ...', flush=True)
    variant = build.variant(UNIT_BUILD)
    variant.compile()
    log = variant.path('meson-logs/testlog.json')
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [
            'meson',
            'test',
            '-C',
            str(variant.folder),
            '--suite',
            'unit',
            '--no-suite',
            'fuzz',
            '--timeout-multiplier',
            str(UNIT_TIMEOUT_FACTOR),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if not log.exists():
        results.add('unit', 'meson test', 'fail', 0, done.stdout)
        return
    before = len(results.cases)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    for record in records:
        read_unit_test(results, record)
    ran = {record['name'].split(' / ')[-1] for record in records}
    for source in sorted((ROOT / 'tests/unit').glob('test_*.c')):
        # Some are built in several variants, with a suffix after the test's name.
        if not any(re.fullmatch(rf'{source.stem[5:]}(_O.|_threads|_fast)?', name) for name in ran):
            results.add(
                'unit', source.stem, 'fail', 0, 'was not run: is it listed, and does the build find cmocka?'
            )
    for source in sorted((ROOT / 'tests/models').glob('*.pml')):
        if f'model_{source.stem}' not in ran:
            results.add('unit', source.name, 'fail', 0, 'was not run: is it listed?')
    if done.returncode != 0 and not results.of('fail'):
        results.add('unit', 'meson test', 'fail', 0, done.stdout)
    if len(results.cases) == before:
        results.add('unit', 'meson test', 'fail', 0, 'no unit test was found')


# --- whole machines ------------------------------------------------------------------------------


def run_boot_tests(results, options):
    print('whole-machine tests ...', flush=True)
    folder = ROOT / 'build-test'
    folder.mkdir(exist_ok=True)
    report = folder / 'boot.xml'
    report.unlink(missing_ok=True)
    # Two workers at least: a booting machine waits as often as it computes.
    workers = max(2, os.cpu_count() or 1)
    command = [
        sys.executable,
        '-m',
        'pytest',
        '-q',
        '-p',
        'no:cacheprovider',
        '--tb=short',
        '-n',
        str(workers),
        '--dist',
        'worksteal' if has_worksteal() else 'load',
        f'--junitxml={report}',
        '--shard',
        options.shard,
        str(ROOT / 'tests/boot'),
    ]
    if options.matrix:
        command.append('--matrix')
    done = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=ROOT)
    if report.exists():
        results.cases += junit.read(report, 'boot')
    if done.returncode not in (0, 1) or not report.exists():
        results.add('boot', 'pytest', 'fail', 0, f'pytest ended with status {done.returncode}')


def has_worksteal():
    """pytest-xdist 3.2 and newer hand out tests one by one."""
    import xdist

    return tuple(map(int, xdist.__version__.split('.')[:2])) >= (3, 2)


# --- the rest ------------------------------------------------------------------------------------


def run_checks(results):
    """scripts/check: programs that look at the tree itself. Each is a test; those that need an argument are
    steps of the build."""
    for program in sorted((ROOT / 'scripts/check').glob('*')):
        if program.name in ('image',) or not os.access(program, os.X_OK) or program.is_dir():
            continue
        start = time.monotonic()
        done = subprocess.run(
            [str(program)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        results.add(
            'check',
            program.name,
            'fail' if done.returncode else 'pass',
            time.monotonic() - start,
            done.stdout,
        )


def run_kvm(results, quick):
    """Machines under a real KVM, a few of them or all, those of the newer QEMU in a lane of their own; and under Xen."""
    print(f'machines under KVM{", a few" if quick else " and Xen"} ...', flush=True)
    machines = kvm_lane.read_machines()
    variant = build.variant(UNIT_BUILD)
    variant.compile(build.ELF)
    if quick:
        run_lane(
            results,
            kvm_lane.Lane,
            variant.elf,
            [machine for machine in machines if machine.quick],
            KVM_QUICK_SECONDS,
        )
        return
    for newer in (False, True):
        run_lane(
            results,
            kvm_lane.Lane,
            variant.elf,
            [machine for machine in machines if machine.newer == newer],
            KVM_SECONDS,
        )
    run_lane(results, xen_lane.XenLane, variant.elf, xen_lane.read_machines(), KVM_SECONDS)


def run_lane(results, kind, elf, machines, seconds):
    try:
        start = time.monotonic()
        for result in kind(elf, machines[0].newer).run(machines, seconds):
            results.add('kvm', result.machine.name, result.status, time.monotonic() - start, result.words)
            print(f'{result.status}: {result.machine.name}', flush=True)
            start = time.monotonic()
    except Failure as failure:
        for machine in machines:
            results.add('kvm', machine.name, 'skip', 0, f'no lane: {str(failure).splitlines()[-1]}')


def run_fuzzers(results, seconds):
    print(f'fuzzers, {seconds} s ...', flush=True)
    start = time.monotonic()
    done = subprocess.run([str(ROOT / 'tests/fuzz/run'), str(seconds)], stdin=subprocess.DEVNULL, cwd=ROOT)
    outcome = {0: 'pass', 77: 'skip'}.get(done.returncode, 'fail')
    words = 'no clang' if outcome == 'skip' else f'status {done.returncode}'
    results.add('fuzz', 'tests/fuzz/run', outcome, time.monotonic() - start, words)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/test',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--unit', action='store_true', help='the hosted unit tests')
    parser.add_argument('--boot', action='store_true', help='the whole-machine tests')
    parser.add_argument('--matrix', action='store_true', help='the whole-machine tests in all configurations')
    parser.add_argument(
        '--shard', default='1/1', metavar='I/N', help='the I-th of N parts of the whole-machine tests'
    )
    parser.add_argument(
        '--kvm', action='store_true', help='machines under a real KVM, and under Xen, in an emulated host'
    )
    parser.add_argument('--fuzz', type=int, metavar='SECONDS', help='the fuzzers, for this time in all')
    parser.add_argument('--junit', type=pathlib.Path, metavar='FILE', help='write all results as JUnit XML')
    options = parser.parse_args()
    if not re.fullmatch(r'[1-9]\d*/[1-9]\d*', options.shard):
        parser.error('--shard wants I/N, such as 1/4')
    return options


def main():
    options = parse_arguments()
    results = Results()
    everything = not (
        options.unit or options.boot or options.matrix or options.kvm or options.fuzz is not None
    )
    try:
        if everything or options.unit:
            run_checks(results)
            run_unit_tests(results)
        if everything or options.boot or options.matrix:
            run_boot_tests(results, options)
        if everything or options.kvm:
            run_kvm(results, quick=not options.kvm)
        if options.fuzz is not None:
            run_fuzzers(results, options.fuzz)
    except Failure as failure:
        results.add('build', 'build', 'fail', 0, str(failure))
    if options.junit:
        junit.write(options.junit, results.cases)
    for case in results.of('fail'):
        print(f'failed: {case.suite}: {case.name}\n{case.words}\n')
    for case in results.of('skip'):
        print(f'skipped: {case.suite}: {case.name}: {case.words.splitlines()[0] if case.words else ""}')
    print(results.closing_line())
    return 1 if results.of('fail') or not results.of('pass') else 0


if __name__ == '__main__':
    sys.exit(main())
