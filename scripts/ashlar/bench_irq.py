# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench irq: what an interrupt costs, in instructions."""
from ashlar import ROOT, build
from ashlar.bench_counts import per_operation, read_stream, show_counts
from ashlar.bench_results import Results

ROWS = {
    'irq.entry': ('into a handler and back', None),
    'irq.self-ipi': ('an IPI to oneself, sent, taken and ended', None),
    'irq.line': ("the same through a device's line", None),
}


def run(_options):
    results = Results()
    variant = build.variant('gcc-O2')
    variant.compile(build.ELF)
    folder = ROOT / 'build-test/bench'
    folder.mkdir(parents=True, exist_ok=True)
    stream = read_stream(variant, folder, '512M', 'bench irq*')
    counts = {fact['name']: per_operation(fact['median_ticks'], fact['operations']) for fact in stream.of_type('bench')}
    results.heading('instructions for an interrupt, under -icount, 512 MiB, 1 CPU')
    show_counts(results, 'irq', ROWS, counts, '', {})
    results.print_json()
    return 1 if results.is_missed else 0
