# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench boot: the boot: instructions, sizes, wall time; compared with Debian's kernel."""
import re
import statistics
import time

from ashlar import Failure, bench_smp, build, linux
from ashlar.bench_results import HANG_SECONDS, ICOUNT, boot_kernel, wait_for
from ashlar.bench_sizes import PAYLOAD, size_of
from ashlar.machine import Machine
from ashlar.session import Session

WAYS = {
    '-kernel': {'boot': 'kernel', 'machine': 'q35'},
    'ISO, BIOS': {'boot': 'iso'},
    'ISO, UEFI': {'boot': 'iso', 'firmware': 'uefi'},
}
INSTRUCTIONS_TARGET = 2_500_000
KERNEL64_TARGET = 320 << 10
ISO_TARGET = 5 << 20


# --- instructions --------------------------------------------------------------------------------


def measure_instructions(results, variant, folder):
    """From the stub's first C line to the prompt, by the kernel's own stages. Through -kernel only: the boot loader's
    work is not counted, and GRUB's delays take minutes under -icount."""
    results.heading('instructions from the stub to the prompt (-kernel, 512 MiB, 1 CPU, -icount)')
    stream = boot_kernel(variant, folder, '-kernel', cmdline='run="report boot; exit"', extra=ICOUNT)
    stages = stream.fact('boot')['stages']
    for before, after in zip(stages, stages[1:]):
        results.row(
            f'to {after["name"]}',
            f'boot.instructions.{after["name"]}',
            'instructions',
            after['ticks'] - before['ticks'],
        )
    results.row(
        'in all',
        'boot.instructions',
        'instructions',
        stages[-1]['ticks'] - stages[0]['ticks'],
        INSTRUCTIONS_TARGET,
    )


def measure_sizes(results, variant):
    results.heading('sizes (release, -O2)')
    for words, name, size, target in (
        ('kernel64, stripped, no self-tests', 'size.kernel64', size_of({'selftests'}), None),
        (
            'kernel64, stripped, nor monitor',
            'size.kernel64.bare',
            size_of({'selftests', 'monitor'}),
            KERNEL64_TARGET,
        ),
        (
            'kernel64, stripped, with them',
            'size.kernel64.selftests',
            variant.path(PAYLOAD).stat().st_size,
            None,
        ),
        ('ashlar.elf, as installed', 'size.image', variant.path('iso/ashlar.elf').stat().st_size, None),
        ('ashlar.iso', 'size.iso', variant.iso.stat().st_size, ISO_TARGET),
    ):
        results.row(words, name, 'bytes', size, target)


# --- wall time -----------------------------------------------------------------------------------


def seconds_until(machine, image, words, folder):
    """From starting the emulator to @words on the serial port."""
    with Session.of(machine, image, folder) as session:
        if not wait_for(session, re.escape(words), HANG_SECONDS):
            raise Failure(f'{machine.boot}: no {words!r} on the serial port: {session.stream().last_line}')
        return time.monotonic() - session.started


def measure_wall_times(results, variant, peer, runs, folder):
    results.heading(
        f'power-on to prompt, wall time, median of {runs} alternating runs (QEMU TCG, 512 MiB, 1 CPU)'
    )
    for words, way in WAYS.items():
        candidates = [
            (
                'Ashlar',
                Machine(memory='512M', **way),
                variant.elf if way['boot'] == 'kernel' else variant.iso,
                b'ashlar> ',
            )
        ]
        if peer:
            extra = peer.kernel_words if way['boot'] == 'kernel' else ()
            machine = Machine(memory='512M', debug_exit=False, extra=extra, cmdline=linux.CMDLINE, **way)
            candidates.append(
                (peer.name, machine, peer.kernel if way['boot'] == 'kernel' else peer.iso, linux.READY)
            )
        seconds = {name: [] for name, *_ in candidates}
        for _ in range(runs):
            for name, machine, image, ready in candidates:
                seconds[name].append(seconds_until(machine, image, ready, folder))
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        for name, value in medians.items():
            results.row(
                f'{words}: {name}',
                f'boot.seconds.{words.lower().replace("-", "").replace(", ", "-")}',
                'seconds',
                value,
                system=name,
                runs=[round(second, 3) for second in seconds[name]],
            )
        if peer:
            print(f'  {"":<36} {medians[peer.name] / medians["Ashlar"]:>14.1f} times as long for {peer.name}')


def run(results, variant, folder, options):
    if options.smp:
        bench_smp.show_time_line(results, variant, folder, options.smp)
        return
    variant.compile(build.ISO)
    measure_instructions(results, variant, folder)
    measure_sizes(results, variant)
    peer = None if options.no_peer else linux.fetch(folder / 'linux', variant)
    measure_wall_times(results, variant, peer, options.runs, folder)
