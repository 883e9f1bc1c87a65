# SPDX-License-Identifier: BSD-2-Clause
"""scripts/test: builds, runs the hosted unit tests and the whole-machine tests.

Without options: both. Ends in one line, `N passed, N failed, N skipped`, in which every test case
counts; what was skipped is named above it with its reason. Exit status: 0 when nothing failed.

    scripts/test -k NAME      the tests that have NAME in `SUITE: NAME`, as results name them
"""
import argparse
import re
import shlex
import subprocess
import sys
import time

from ashlar import (
    ROOT,
    Failure,
    boot_tests,
    build,
    checks,
    junit,
    kvm_lane,
    program,
    progress,
    unit_tests,
    xen_lane,
)

# The time for all machines under KVM; the rest are skips with their names.
KVM_QUICK_SECONDS, KVM_SECONDS = 170, 3600


class Results:
    """The results of all suites, for the closing line and for JUnit."""

    def __init__(self):
        self.cases = []

    def of(self, status):
        return [case for case in self.cases if case.status == status]

    def closing_line(self):
        return f'{len(self.of("pass"))} passed, {len(self.of("fail"))} failed, {len(self.of("skip"))} skipped'

    def print(self):
        for case in self.of('fail'):
            print(f'failed: {case.title}\n{case.words}\n')
        for case in self.of('skip'):
            print(f'skipped: {case.title}: {case.words.splitlines()[0] if case.words else ""}')
        if self.of('fail'):
            print(f'one of them again: scripts/test -k {shlex.quote(self.of("fail")[0].title)}')
        print(self.closing_line())


# --- the suites beside those with a module of their own -------------------------------------------


def run_kvm(results, quick, is_wanted):
    """Machines under a real KVM, a few of them or all, those of the newer QEMU in a lane of their own; and under Xen."""
    machines = [machine for machine in kvm_lane.read_machines() if is_wanted(f'kvm: {machine.name}')]
    if quick:
        run_lane(
            results, kvm_lane.Lane, [machine for machine in machines if machine.quick], KVM_QUICK_SECONDS
        )
        return
    for newer in (False, True):
        run_lane(
            results, kvm_lane.Lane, [machine for machine in machines if machine.newer == newer], KVM_SECONDS
        )
    guests = [machine for machine in xen_lane.read_machines() if is_wanted(f'kvm: {machine.name}')]
    run_lane(results, xen_lane.XenLane, guests, KVM_SECONDS)


def run_lane(results, kind, machines, seconds):
    if not machines:
        return
    variant = build.variant(unit_tests.BUILD)
    variant.compile(build.ELF)
    done = 0
    try:
        with progress.step(
            f'machines under {"Xen" if kind is xen_lane.XenLane else "KVM"}', about=seconds
        ) as step:
            start = time.monotonic()
            for result in kind(variant, machines[0].newer).run(machines, seconds):
                name, words = result.machine.name, result.words
                results.cases.append(junit.Case('kvm', name, result.status, time.monotonic() - start, words))
                print(f'{result.status}: {name}', flush=True)
                start = time.monotonic()
                done += 1
                step.at(done, len(machines))
    except Failure as failure:
        words = f'no lane: {str(failure).splitlines()[-1]}'
        results.cases += [junit.Case('kvm', machine.name, 'skip', 0, words) for machine in machines]


def run_fuzzers(results, seconds):
    start = time.monotonic()
    with progress.step(f'fuzzers, {seconds} s'):
        done = subprocess.run(
            [str(ROOT / 'tests/fuzz/run'), str(seconds)], stdin=subprocess.DEVNULL, cwd=ROOT
        )
    outcome = {0: 'pass', 77: 'skip'}.get(done.returncode, 'fail')
    words = 'no clang' if outcome == 'skip' else f'status {done.returncode}'
    results.cases.append(junit.Case('fuzz', 'tests/fuzz/run', outcome, time.monotonic() - start, words))


# --- all of them ----------------------------------------------------------------------------------


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/test',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--unit', action='store_true', help="the tree's checks and the hosted unit tests")
    parser.add_argument('--boot', action='store_true', help='the whole-machine tests')
    parser.add_argument('--matrix', action='store_true', help='the whole-machine tests in all configurations')
    parser.add_argument(
        '--shard', default='1/1', metavar='I/N', help='the I-th of N parts of the whole-machine tests'
    )
    parser.add_argument(
        '--kvm', action='store_true', help='machines under a real KVM, and under Xen, in an emulated host'
    )
    parser.add_argument('--fuzz', type=int, metavar='SECONDS', help='the fuzzers, for this time in all')
    parser.add_argument(
        '-k', dest='name', metavar='NAME', help='only the tests whose `SUITE: NAME` holds this text'
    )
    parser.add_argument(
        '--strict',
        action='store_true',
        help="a check of the tree that lacks a tool fails, and is not skipped",
    )
    parser.add_argument('--junit', metavar='FILE', help='write all results as JUnit XML')
    options = parser.parse_args()
    if not re.fullmatch(r'[1-9]\d*/[1-9]\d*', options.shard):
        parser.error('--shard wants I/N, such as 1/4')
    return options


def run_suites(options, results):
    everything = not (
        options.unit or options.boot or options.matrix or options.kvm or options.fuzz is not None
    )

    def is_wanted(title):
        return not options.name or options.name in title

    if everything or options.unit:
        results.cases += checks.run(is_wanted, options.strict)
        results.cases += unit_tests.run(is_wanted if options.name else None)
    if everything or options.boot or options.matrix:
        results.cases += boot_tests.run(options.shard, options.matrix, options.name)
    if everything or options.kvm:
        run_kvm(results, not options.kvm, is_wanted)
    if options.fuzz is not None:
        run_fuzzers(results, options.fuzz)


def test(options):
    results = Results()
    if options.junit:
        program.empty_file('--junit', options.junit)
    try:
        run_suites(options, results)
    except Failure as failure:
        results.cases.append(junit.Case('build', 'build', 'fail', 0, str(failure)))
    if options.junit:
        junit.write(options.junit, results.cases)
    if options.name and not results.cases:
        print(f'no test has {options.name!r} in its name; names are as in "failed: SUITE: NAME"')
    results.print()
    return 1 if results.of('fail') or not results.of('pass') else 0


def main():
    options = parse_arguments()
    progress.show()
    return program.main('scripts/test', lambda: test(options))


if __name__ == '__main__':
    sys.exit(main())
