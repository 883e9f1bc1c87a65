# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench smp: how soon all processors are there, beside Debian's kernel, and what they cost one another."""
import os
import re
import statistics
import time
from unittest import mock

from ashlar import Failure, linux, qemu10
from ashlar.bench_counts import per_operation, read_stream
from ashlar.bench_results import HANG_SECONDS, ICOUNT, boot_kernel, wait_for
from ashlar.machine import Machine
from ashlar.session import Session

COUNTS = (1, 2, 4, 16, 64, 128, 255)
# With x2APIC, which a newer QEMU than Debian 12's has.
NEWER_COUNTS = (512,)
ONLINE = rb'smp: (\d+) of (\d+) CPUs online after (\d+) us'
# Seconds of the kernel's own step.
START_TARGETS = {64: 0.25, 255: 1.5}

LINUX_COUNTS = (2, 4, 16, 64)
LINUX_CMDLINE = 'console=ttyS0 printk.time=1 loglevel=7 nokaslr mitigations=off'
# Each CPU measures its delay loop, for most of the time that Linux takes, unless it is given; Debian's HZ is 250.
LINUX_TOLD = 'clocksource=tsc tsc=reliable lpj={lpj}'
LINUX_HZ = 250
LINUX_SECONDS = 120
LINUX_BEGIN = re.compile(rb'\[ *([0-9.]+)\] smp: Bringing up secondary CPUs')
LINUX_END = re.compile(rb'\[ *([0-9.]+)\] smp: Brought up \d+ nodes?, (\d+) CPUs?')

# Operations that involve other CPUs, by the number of CPUs.
OTHERS = (1, 3, 63)
CALL_ROWS = {
    'ipi.call.idle': 'a call to one and back, the others idle',
    'ipi.call.busy': 'a call to one and back, the others busy',
    **{
        f'shootdown.{state}.{pages}': f'shootdown of {pages} {"page" if pages == 1 else "pages"}, the others {state}'
        for state in ('idle', 'busy')
        for pages in (1, 33, 512)
    },
}
LOCK_TARGET = 14
PER_CPU_TARGET = 64 << 10

# The allocators' rows on all CPUs at once: few and many, each with the same memory for a CPU.
FEW, MANY = 2, 64
MEMORY_OF = {FEW: '1G', MANY: '32G'}
SCALE_TARGET = 1.3
SCALE_ROWS = {
    'kmalloc.pair.64': 'kmalloc and kfree, 64 B',
    'cache.pair.64': 'cache pair, 64 B',
    'kmalloc.batch.64': '1000 times 64 B, then freed',
    'bulk.64': 'bulk of 64, an object pair',
    'random.16-4096': 'random 16 to 4096 B, 1000 live',
    'frame.pair.0': 'page pair, order 0',
    'frame.pair.3': 'page pair, order 3',
    'frame.pair.9': 'page pair, order 9',
    'frame.batch.1000': '1000 pages, then freed',
    'nothing': 'nothing: the sharing out alone',
}

# Columns of a time line, and its rows at most.
LINE_WIDTH = 60
LINE_ROWS = 64


# --- how soon they are there ---------------------------------------------------------------------


def start_once(variant, folder, cpus, **words):
    """Seconds: from starting the emulator to the line that says so; of the kernel's step; and from the beginning of that
    step to when the last CPU was online, by its own time stamp; and the rate of the time-stamp counter."""
    machine = Machine(
        smp=str(cpus),
        boot='kernel',
        cmdline='run="report cpus; report boot; report time; exit"',
        **{'memory': '512M', **words},
    )
    with Session.of(machine, variant.elf, folder) as session:
        if not (found := wait_for(session, ONLINE, HANG_SECONDS)):
            raise Failure(f'{cpus} CPUs: {session.stream().last_line}')
        wall = time.monotonic() - session.started
        outcome = session.wait(HANG_SECONDS)
    if outcome.verdict != 'pass' or int(found[1]) != cpus or int(found[2]) != cpus:
        raise Failure(f'{cpus} CPUs: {found[0].decode()}, {outcome.words}')
    online = outcome.stream.fact('cpus')['online']
    last = max(cpu['us'] for cpu in online) - begin_us(outcome.stream) if cpus > 1 else 0
    return {
        'wall': wall,
        'step': int(found[3]) / 1e6,
        'last': last / 1e6,
        'tsc_hz': outcome.stream.fact('time')['tsc_hz'],
    }


def begin_us(stream):
    """When the step began that starts the processors: at the end of the one before."""
    stages = stream.fact('boot')['stages']
    index = next(i for i, stage in enumerate(stages) if stage['name'] == 'processors')
    return stages[index - 1]['us']


def start_linux(kernel, folder, cpus, more=''):
    """Seconds by Linux' own time stamps; None when it has not got there in LINUX_SECONDS."""
    machine = Machine(
        memory='512M', smp=str(cpus), boot='kernel', debug_exit=False, cmdline=f'{LINUX_CMDLINE} {more}'
    )
    with Session.of(machine, kernel, folder) as session:
        end = wait_for(session, LINUX_END, LINUX_SECONDS, every=0.02)
        if not end and session.process.poll() is not None:
            raise Failure(f'Linux, {cpus} CPUs: {session.stream().last_line}')
        if not end:
            return None
        begin = LINUX_BEGIN.search(session.log())
    if not begin or int(end[2]) != cpus:
        raise Failure(f'Linux, {cpus} CPUs: {end[0].decode()}')
    return float(end[1]) - float(begin[1])


def start_peers(kernel, folder, cpus, tsc_hz):
    """Linux by default, and with the value that it would measure: seconds, or None, by options."""
    told = LINUX_TOLD.format(lpj=tsc_hz // LINUX_HZ)
    return {
        'by default': start_linux(kernel, folder, cpus),
        'lpj= given': start_linux(kernel, folder, cpus, told),
    }


def measure_start(results, variant, folder, runs, kernel):
    peer = f'Linux {kernel.name.removeprefix("vmlinuz-")}' if kernel else ''
    results.heading(
        f'seconds until all CPUs are online (QEMU TCG, 512 MiB, -kernel), median of {runs} runs'
        + (f', beside one run of {peer}, by default and with lpj= given' if peer else '')
    )
    print('  the step; by the last one\'s stamp; to the line that says so, more than with one CPU')
    print(
        f'  {"CPUs":<6}{"the step":>10}{"last CPU":>10}{"emulator":>10}'
        + (f'{"Linux":>16}{"Linux, lpj=":>16}' if peer else '')
    )
    alone = None
    for cpus in COUNTS:
        all_runs = [start_once(variant, folder, cpus) for _ in range(runs)]
        medians = {part: statistics.median(run[part] for run in all_runs) for part in all_runs[0]}
        alone = medians['wall'] if alone is None else alone
        more = medians['wall'] - alone
        peers = (
            start_peers(kernel, folder, cpus, all_runs[0]['tsc_hz']) if peer and cpus in LINUX_COUNTS else {}
        )
        target = START_TARGETS.get(cpus)
        is_met = target is None or medians['step'] <= target
        results.is_missed |= not is_met
        print(
            f'  {cpus:<6}{medians["step"]:>10.3f}{medians["last"]:>10.3f}{more:>10.3f}'
            + ''.join(
                f'{"did not finish" if value is None else f"{value:.3f}":>16}' for value in peers.values()
            )
            + ('' if target is None else f'   target {target}: {"met" if is_met else "MISSED"}')
        )
        results.add(
            f'smp.start.{cpus}',
            'seconds',
            round(medians['step'], 6),
            system='Ashlar',
            runs=[run['step'] for run in all_runs],
            **({'target': target} if target else {}),
        )
        results.add(f'smp.start.{cpus}.last', 'seconds', round(medians['last'], 6), system='Ashlar')
        results.add(f'smp.start.{cpus}.emulator', 'seconds', round(more, 3), system='Ashlar')
        for words, value in peers.items():
            results.add(f'smp.start.{cpus}', 'seconds', value and round(value, 6), system=f'{peer}, {words}')


def measure_newer_start(results, variant, folder, runs):
    try:
        program, needs = qemu10.find()
    except Failure as failure:
        print(f'  more need QEMU 10: {str(failure).splitlines()[-1]}')
        return
    with mock.patch.dict(os.environ, {'ASHLAR_QEMU': program}):
        for cpus in NEWER_COUNTS:
            all_runs = [start_once(variant, folder, cpus, memory='1G', extra=needs) for _ in range(runs)]
            medians = {part: statistics.median(run[part] for run in all_runs) for part in ('step', 'last')}
            print(f'  {cpus:<6}{medians["step"]:>10.3f}{medians["last"]:>10.3f}   in QEMU 10, 1 GiB')
            results.add(
                f'smp.start.{cpus}',
                'seconds',
                round(medians['step'], 6),
                system='Ashlar',
                runs=[run['step'] for run in all_runs],
            )


# --- calls, shootdowns, locks, memory -------------------------------------------------------------


def measure_calls(results, variant, folder):
    results.heading('instructions of all CPUs together, under -icount, by the number of other CPUs')
    print(f'  {"":<44}' + ''.join(f'{others:>10}' for others in OTHERS))
    streams = {
        others: read_stream(
            variant, folder, '512M', 'bench ipi*; bench shootdown*; bench lock.contest', cpus=others + 1
        )
        for others in OTHERS
    }
    facts = {
        others: {fact['name']: fact for fact in stream.of_type('bench')} for others, stream in streams.items()
    }
    for row, words in CALL_ROWS.items():
        counts = [
            per_operation(facts[others][row]['median_ticks'], facts[others][row]['operations'])
            for others in OTHERS
        ]
        print(f'  {words:<44}' + ''.join(f'{count:>10,.0f}' for count in counts))
        for others, count in zip(OTHERS, counts):
            results.add(f'smp.{row}', 'instructions', count, others=others)
    return {others + 1: row['lock.contest'] for others, row in facts.items()}


def measure_locks(results, variant, folder, contests):
    stream = read_stream(variant, folder, '512M', 'bench lock.pair')
    pair = stream.of_type('bench')[0]
    results.heading('locks and memory')
    results.row(
        'an uncontended lock, instructions',
        'smp.lock.pair',
        'instructions',
        per_operation(pair['median_ticks'], pair['operations']),
        LOCK_TARGET,
    )
    for cpus, fact in contests.items():
        print(
            f'  a lock that {cpus:>2} CPUs want: each had it {fact["min"]:,} to {fact["max"]:,} times, '
            f'median {fact["median"]:,}'
        )
        results.add(
            'smp.lock.contest', 'acquisitions', fact['median'], cpus=cpus, least=fact['min'], most=fact['max']
        )
    taken = {}
    for cpus in (1, MANY):
        memory = read_stream(variant, folder, '512M', 'report memory', extra=(), cpus=cpus).fact('memory')
        taken[cpus] = memory['usable_bytes'] - memory['free_bytes']
    results.row(
        'memory for one CPU more',
        'smp.memory',
        'bytes',
        round((taken[MANY] - taken[1]) / (MANY - 1)),
        PER_CPU_TARGET,
    )


# --- the allocators on all CPUs at once ----------------------------------------------------------


def scale_rows(variant, folder, cpus, extra):
    """Ticks for an operation in all: under -icount instructions, else of the time-stamp counter. The least of all rounds."""
    stream = read_stream(
        variant, folder, MEMORY_OF[cpus], 'report time; bench scale*', extra=extra, cpus=cpus
    )
    rows = {
        fact['name'].removeprefix('scale.'): per_operation(fact['min_ticks'], fact['operations'])
        for fact in stream.of_type('bench')
    }
    return rows, stream.fact('time')['tsc_hz']


def measure_scale(results, variant, folder):
    results.heading(
        f'the allocators on all CPUs at once, {FEW} and {MANY}: an operation in all '
        f'(instructions under -icount; nanoseconds on this host)'
    )
    print(f'  {"":<34}{FEW:>8}{MANY:>8}{"ratio":>8}{f"{FEW}, ns":>10}{f"{MANY}, ns":>8}{"ratio":>8}')
    counts = {cpus: scale_rows(variant, folder, cpus, ICOUNT)[0] for cpus in (FEW, MANY)}
    timed = {}
    for cpus in (FEW, MANY):
        rows, rate_hz = scale_rows(variant, folder, cpus, ())
        timed[cpus] = {row: ticks * 1e9 / rate_hz for row, ticks in rows.items()}
    for row, words in SCALE_ROWS.items():
        ratio = counts[MANY][row] / counts[FEW][row] if row != 'nothing' else None
        if ratio is None:
            print(
                f'  {words:<34}{counts[FEW][row]:>8.1f}{counts[MANY][row]:>8.1f}{"":>8}'
                f'{timed[FEW][row]:>10.1f}{timed[MANY][row]:>8.1f}'
            )
            continue
        is_met = ratio <= SCALE_TARGET
        results.is_missed |= not is_met
        print(
            f'  {words:<34}{counts[FEW][row]:>8.1f}{counts[MANY][row]:>8.1f}{ratio:>8.2f}'
            f'{timed[FEW][row]:>10.1f}{timed[MANY][row]:>8.1f}{timed[MANY][row] / timed[FEW][row]:>8.2f}'
            f'   target {SCALE_TARGET}: {"met" if is_met else "MISSED"}'
        )
        results.add(
            f'smp.scale.{row}',
            'ratio',
            round(ratio, 3),
            target=SCALE_TARGET,
            few=counts[FEW][row],
            many=counts[MANY][row],
            few_ns=round(timed[FEW][row], 1),
            many_ns=round(timed[MANY][row], 1),
        )


# --- a time line ---------------------------------------------------------------------------------


def line_of(cpu, begin, end):
    """One row: in each column, where the CPU is at its end."""
    marks = [
        ('r', cpu['real_us']),
        ('p', cpu['protected_us']),
        ('l', cpu['long_us']),
        ('k', cpu['kernel_us']),
        ('=', cpu['us']),
    ]
    row = ''
    for column in range(1, LINE_WIDTH + 1):
        now = begin + (end - begin) * column / LINE_WIDTH
        row += next((mark for mark, us in reversed(marks) if us <= now), '.')
    return row


def show_time_line(results, variant, folder, cpus):
    stream = boot_kernel(
        variant, folder, f'--smp {cpus}', smp=cpus, cmdline='run="report cpus; report boot; exit"'
    )
    begin = begin_us(stream)
    online = stream.fact('cpus')['online'][1:]
    if not online:
        raise Failure(f'--smp {cpus}: there is one CPU only')
    end = max(cpu['us'] for cpu in online)
    every = -(-len(online) // LINE_ROWS)
    results.heading(
        f'{len(online) + 1} CPUs, each column {(end - begin) / LINE_WIDTH:,.0f} us: . not yet, r real, p protected, '
        'l long mode, k kernel, = online'
    )
    if every > 1:
        print(f'  every {every}th CPU')
    print(
        f'  {"CPU":>4} {"":<{LINE_WIDTH}} {"us: real":>9}{"+prot":>7}{"+long":>7}{"+kernel":>8}{"+online":>8}'
    )
    for cpu in online[::every]:
        stages = [cpu['real_us'], cpu['protected_us'], cpu['long_us'], cpu['kernel_us'], cpu['us']]
        steps = [after - before for before, after in zip(stages, stages[1:])]
        print(
            f'  {cpu["cpu"]:>4} {line_of(cpu, begin, end)} {stages[0] - begin:>9,}'
            + f'{steps[0]:>7,}{steps[1]:>7,}{steps[2]:>8,}{steps[3]:>8,}'
        )
    for cpu in stream.fact('cpus')['failed']:
        print(f'  APIC id {cpu["apic"]} did not come: it stopped at {cpu["stage"]}')
    for cpu in online:
        results.add(
            'smp.line',
            'us',
            cpu['us'] - begin,
            cpu=cpu['cpu'],
            real=cpu['real_us'] - begin,
            protected=cpu['protected_us'] - begin,
            long=cpu['long_us'] - begin,
            kernel=cpu['kernel_us'] - begin,
        )


# --- all of it -----------------------------------------------------------------------------------


def run(results, variant, folder, options):
    kernel = None if options.no_peer else linux.fetch_kernel(folder / 'linux')
    measure_start(results, variant, folder, options.runs, kernel)
    measure_newer_start(results, variant, folder, options.runs)
    contests = measure_calls(results, variant, folder)
    measure_locks(results, variant, folder, contests)
    measure_scale(results, variant, folder)
