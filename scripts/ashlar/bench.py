# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench: measures, beside a peer where there is one, and prints tables and JSON.

    scripts/bench boot      how the machine comes up: instructions, sizes, wall time beside Debian's kernel
    scripts/bench boot --smp N   how N processors come up: a time line
    scripts/bench mm        what memory costs: instructions beside Debian's kernel, time beside other allocators
    scripts/bench malloc    mimalloc-bench's programs under the allocators as a library, beside others'
    scripts/bench irq       what an interrupt costs
    scripts/bench smp       how soon all processors are there, beside Debian's kernel, and what they cost one another
    scripts/bench time      what clock and timers cost, beside Debian's kernel, and how well the clock is measured

Every table is followed by its figures as JSON, one object a line, each line beginning `@ashlar `.
docs/benchmarks.md has what is measured and how. Exit status: 1 when a target is missed.
"""
import argparse
import sys

from ashlar import ROOT, Failure, bench_boot, bench_irq, bench_malloc, bench_mm, bench_smp, bench_time, build
from ashlar.bench_results import Results

WHAT = {
    'boot': bench_boot,
    'irq': bench_irq,
    'malloc': bench_malloc,
    'mm': bench_mm,
    'smp': bench_smp,
    'time': bench_time,
}


def measure(options):
    """Return: whether every target is met."""
    results = Results()
    variant = build.variant('gcc-O2')
    variant.compile(build.ELF)
    folder = ROOT / 'build-test/bench'
    folder.mkdir(parents=True, exist_ok=True)
    WHAT[options.what].run(results, variant, folder, options)
    results.print_json()
    return not results.is_missed


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('what', choices=WHAT)
    parser.add_argument('--runs', type=int, default=5, help='of each wall time; default: 5')
    parser.add_argument('--smp', metavar='N', help='with boot: a time line of N processors, and nothing else')
    parser.add_argument('--only', metavar='REGEX', help='with malloc: these tests')
    parser.add_argument('--no-peer', action='store_true', help='do not fetch and run the peers')
    options = parser.parse_args()
    if options.smp and options.what != 'boot':
        parser.error('--smp goes with boot')
    try:
        return 0 if measure(options) else 1
    except Failure as failure:
        print(f'scripts/bench: {failure}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
