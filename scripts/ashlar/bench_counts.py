# SPDX-License-Identifier: BSD-2-Clause
"""Instructions for an operation, counted under -icount: of our benchmarks, and of the same loops in Debian's kernel."""
import re

from ashlar import ROOT, Failure, linux
from ashlar.bench_results import ICOUNT, boot_kernel, wait_for
from ashlar.machine import Machine
from ashlar.session import Session

# Its best settings, for every row.
LINUX_CMDLINE = (
    'console=ttyS0 loglevel=7 nokaslr init_on_alloc=0 mitigations=off clocksource=tsc tsc=reliable'
)
LINUX_SECONDS = 900


def read_stream(variant, folder, memory, commands, extra=ICOUNT, cpus=1):
    """The output of a machine for @commands."""
    return boot_kernel(
        variant,
        folder,
        f'{memory}, {commands}',
        memory=memory,
        smp=str(cpus),
        extra=extra,
        cmdline=f'run="{commands}; exit"',
    )


def per_operation(ticks, operations):
    """To a tenth: a dozen instructions around the loop, of a thousand turns, are not the operation's."""
    return round(int(ticks) / int(operations), 1)


def count_of_linux(folder):
    """The name of Debian's kernel, and its instructions for an operation, by row: tests/bench/linux."""
    kernel = linux.fetch_kernel(folder)
    module = linux.build_module(folder, ROOT / 'tests/bench/linux')
    initrd = linux.make_initrd(kernel.parent.parent, module)
    machine = Machine(
        memory='1G',
        boot='kernel',
        debug_exit=False,
        cmdline=LINUX_CMDLINE,
        extra=('-initrd', str(initrd), *ICOUNT),
    )
    with Session.of(machine, kernel, folder) as session:
        if not wait_for(session, re.escape(linux.READY), LINUX_SECONDS, every=0.5):
            raise Failure(f'Linux did not come to its end: {session.stream().last_line}')
        words = session.log().decode(errors='replace')
    found = re.findall(r'ashlar_bench: (\S+) \d+ (\d+) (\d+)', words)
    return f'Linux {kernel.name.removeprefix("vmlinuz-")}', {
        name: per_operation(ticks, operations) for name, ticks, operations in found
    }


def show_counts(results, prefix, rows, ours, peer_name, peer):
    """A table of @rows: {name: (words, target or None)}. A row that the peer has too must be below it."""
    print(f'  {"":<44}{"ours":>10}{"target":>10}' + (f'{"Linux":>10}' if peer else ''))
    for name, (words, target) in rows.items():
        if name not in ours:
            raise Failure(f'the kernel printed no row {name}')
        is_met = target is None or ours[name] <= target
        is_below = name not in peer or ours[name] < peer[name]
        results.is_missed |= not (is_met and is_below)
        print(
            f'  {words:<44}{ours[name]:>10,.1f}{target or "":>10}'
            + (f'{peer[name]:>10,.1f}' if name in peer else '')
            + ('' if is_met else '   MISSED: above the target')
            + ('' if is_below else '   MISSED: not below Linux')
        )
        results.add(
            f'{prefix}.{name}',
            'instructions',
            ours[name],
            system='Ashlar',
            **({'target': target} if target else {}),
        )
        if name in peer:
            results.add(f'{prefix}.{name}', 'instructions', peer[name], system=peer_name)
