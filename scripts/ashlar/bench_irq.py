# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench irq: what an interrupt costs, in instructions."""
from ashlar.bench_counts import per_operation, read_stream, show_counts

ROWS = {
    'irq.entry': ('into a handler and back', None),
    'irq.self-ipi': ('a self-IPI: sent, taken, EOI', None),
    'irq.line': ("the same through a device's line", None),
}


def run(results, variant, folder, _options):
    stream = read_stream(variant, folder, '512M', 'bench irq*')
    counts = {
        fact['name']: per_operation(fact['median_ticks'], fact['operations'])
        for fact in stream.of_type('bench')
    }
    results.heading('instructions for an interrupt, under -icount, 512 MiB, 1 CPU')
    show_counts(results, 'irq', ROWS, counts, '', {})
