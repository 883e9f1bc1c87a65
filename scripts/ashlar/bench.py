# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench: measures, beside a peer where there is one, and prints tables and JSON.

    scripts/bench boot      how the machine comes up: instructions, sizes, wall time beside Debian's kernel
    scripts/bench mm        what memory costs: instructions beside Debian's kernel, time beside other allocators
    scripts/bench irq       what an interrupt costs
    scripts/bench time      what clock and timers cost, beside Debian's kernel, and how well the clock is measured

Every table is followed by its figures as JSON, one object a line, each line beginning `@ashlar `.
docs/benchmarks.md says what is measured how. Exit status: 1 when a target is missed.
"""
import argparse
import sys

from ashlar import Failure, bench_boot, bench_irq, bench_mm, bench_time


def main():
    parser = argparse.ArgumentParser(prog='scripts/bench', description=__doc__.split(': ', 1)[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['boot', 'irq', 'mm', 'time'])
    parser.add_argument('--runs', type=int, default=5, help='of each wall time; default: 5')
    parser.add_argument('--no-peer', action='store_true', help='do not fetch and run the peers')
    options = parser.parse_args()
    try:
        return {'boot': bench_boot, 'irq': bench_irq, 'mm': bench_mm, 'time': bench_time}[options.what].run(options)
    except Failure as failure:
        print(f'scripts/bench: {failure}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
