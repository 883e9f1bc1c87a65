# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench: runs benchmarks, with a peer for comparison where there is one, and prints tables and JSON.

    scripts/bench boot      the boot: instructions, sizes, wall time; compared with Debian's kernel
    scripts/bench boot --smp N   the start of N processors: a time line
    scripts/bench mm        cost of memory: instructions compared with Debian's kernel, time with other allocators
    scripts/bench malloc    mimalloc-bench's programs under the allocators as a library, and under others
    scripts/bench irq       cost of an interrupt
    scripts/bench memtest   the memory test, compared with memtest86+
    scripts/bench smp       start of all processors, compared with Debian's kernel; cost of cross-calls and locks
    scripts/bench sizes     the kernel without the parts that a fork may leave out
    scripts/bench time      cost of clock and timers, compared with Debian's kernel; accuracy of the calibration

Every table is followed by its figures as JSON, one object a line, each line beginning `@ashlar `.
docs/benchmarks.md explains the measurements. Exit status: 1 when a target is missed.
"""
import argparse
import sys

from ashlar import (
    ROOT,
    bench_boot,
    bench_irq,
    bench_malloc,
    bench_memtest,
    bench_mm,
    bench_sizes,
    bench_smp,
    bench_time,
    build,
    figures,
    program,
    progress,
)
from ashlar.bench_results import Results

WHAT = {
    'boot': bench_boot,
    'irq': bench_irq,
    'malloc': bench_malloc,
    'memtest': bench_memtest,
    'mm': bench_mm,
    'sizes': bench_sizes,
    'smp': bench_smp,
    'time': bench_time,
}
# About so long each takes, with peers that are there already.
SECONDS = {
    'boot': 120,
    'irq': 10,
    'memtest': 120,
    'malloc': 1800,
    'mm': 300,
    'sizes': 120,
    'smp': 300,
    'time': 60,
}


def measure(options):
    """Return: whether every target is met."""
    results = Results()
    variant = build.variant('gcc-O2')
    if options.what != 'sizes':  # which has builds of its own
        variant.compile(build.ELF)
    folder = ROOT / 'build-test/bench'
    folder.mkdir(parents=True, exist_ok=True)
    with progress.step(f'measuring {options.what}', about=SECONDS[options.what]):
        WHAT[options.what].run(results, variant, folder, options)
    results.print_json()
    if options.record:
        # Times stand beside the peers' of the same run.
        print('\n'.join(figures.record(figures.values_of(results.objects, not options.no_peer))))
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
    parser.add_argument(
        '--record',
        action='store_true',
        help='write the figures into README.md and docs/, which state them; with --no-peer those that no host changes',
    )
    options = parser.parse_args()
    if options.smp and options.what != 'boot':
        parser.error('--smp goes with boot')
    progress.show()
    return program.main('scripts/bench', lambda: 0 if measure(options) else 1)


if __name__ == '__main__':
    sys.exit(main())
