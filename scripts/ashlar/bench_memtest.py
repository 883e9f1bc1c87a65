# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench memtest: the memory test beside memtest86+, in the same emulator.

Both do marches of one value: of memtest86+ its tests 3 to 5, which its first pass shortens, and of ours the patterns
that are like them. The peer is timed by its screen, which it also writes to the serial port, every second or two. Time
and not instructions, because it does not get past its start under -icount.
"""
import re
import time

from ashlar import Failure, debian, progress
from ashlar.bench_results import HANG_SECONDS, boot_kernel, wait_for
from ashlar.machine import Machine
from ashlar.session import Session

PATTERNS = ('inversions', 'bytes', 'random')
MEMORY = '128M'
# In its first pass: rounds x (a fill, and marches that read and write each word in both directions).
PEER_SWEEPS = 2 * (1 + 2 * 4) + 16 * (1 + 4) + 10 * (1 + 2 * 4)
PEER_FIRST, PEER_END = rb'#3', rb'#6'
PEER_SECONDS = 900


def rate_of_ours(variant, folder):
    """Bytes read and written a second."""
    commands = f'memtest {" ".join(PATTERNS)}; exit'
    stream = boot_kernel(variant, folder, commands, memory=MEMORY, smp='1', cmdline=f'run="{commands}"')
    patterns = stream.fact('memtest')['patterns']
    return sum(pattern['bytes'] for pattern in patterns) / (
        sum(pattern['busy_ns'] for pattern in patterns) / 1e9
    )


def rate_of_peer(folder):
    root = folder / 'memtest86+'
    with debian.locked(root):
        if not (root / 'root').exists():
            debian.unpack(root, debian.codename(), ['memtest86+'])
    kernel = root / 'root/boot/memtest86+x64.bin'
    machine = Machine(
        memory=MEMORY,
        boot='kernel',
        smp='1',
        debug_exit=False,
        cmdline='console=ttyS0,115200 nosmp nobench',
    )
    with progress.step('booting: memtest86+'), Session.of(machine, kernel, folder) as session:
        if not wait_for(session, PEER_FIRST, HANG_SECONDS, every=0.02):
            raise Failure('memtest86+ did not come to its test 3')
        start = time.monotonic()
        if not wait_for(session, PEER_END, PEER_SECONDS, every=0.02):
            raise Failure('memtest86+ did not come to its test 6')
        seconds = time.monotonic() - start
        tested = re.findall(rb'\[([\d.]+)MB of', session.log())
    return PEER_SWEEPS * max(map(float, tested)) * 2**20 / seconds


def run(results, variant, folder, options):
    results.heading(f'moving inversions on one CPU, {MEMORY} (QEMU TCG): read and written')
    ours = rate_of_ours(variant, folder)
    results.row('Ashlar', 'memtest.rate', 'MiB/s', round(ours / 2**20), system='Ashlar')
    if options.no_peer:
        return
    peer = rate_of_peer(folder)
    results.row('memtest86+', 'memtest.rate', 'MiB/s', round(peer / 2**20), system='memtest86+')
    results.is_missed |= ours < peer
    print(f'  {"":<36} {ours / peer:>14.1f} times as fast' + ('' if ours >= peer else '   MISSED'))
