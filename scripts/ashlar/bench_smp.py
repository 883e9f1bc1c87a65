# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench smp: how soon all processors are there, beside Debian's kernel, and what they cost one another."""
import re
import statistics
import time

from ashlar import ROOT, Failure, build, linux
from ashlar.bench_results import HANG_SECONDS, Results
from ashlar.machine import Machine
from ashlar.session import Session

COUNTS = (1, 2, 4, 16, 64, 128, 255)
# Seconds of the kernel's own step.
START_TARGETS = {64: 0.25, 255: 1.5}

LINUX_COUNTS = (2, 4, 16, 64)
LINUX_CMDLINE = 'console=ttyS0 printk.time=1 loglevel=7 nokaslr mitigations=off'
LINUX_SECONDS = 120
LINUX_BEGIN = re.compile(rb'\[ *([0-9.]+)\] smp: Bringing up secondary CPUs')
LINUX_END = re.compile(rb'\[ *([0-9.]+)\] smp: Brought up \d+ nodes?, (\d+) CPUs?')

# Columns of a time line, and its rows at most.
LINE_WIDTH = 60
LINE_ROWS = 64


# --- how soon they are there ---------------------------------------------------------------------

def start_once(variant, folder, cpus):
    """Seconds: from starting the emulator to the line that says so; of the kernel's step; and from the beginning of that
    step to when the last CPU was online, by its own time stamp."""
    machine = Machine(memory='512M', smp=str(cpus), boot='kernel', cmdline='run="report cpus; report boot; exit"')
    with Session.of(machine, variant.elf, folder) as session:
        line = re.compile(rb'smp: (\d+) of (\d+) CPUs online after (\d+) us')
        while not (found := line.search(session.log())):
            if session.process.poll() is not None or time.monotonic() - session.started > HANG_SECONDS:
                raise Failure(f'{cpus} CPUs: {session.stream().last_line}')
            time.sleep(0.002)
        wall = time.monotonic() - session.started
        outcome = session.wait(HANG_SECONDS)
    if outcome.verdict != 'pass' or int(found[1]) != cpus or int(found[2]) != cpus:
        raise Failure(f'{cpus} CPUs: {found[0].decode()}, {outcome.words}')
    online = outcome.stream.fact('cpus')['online']
    last = max(cpu['us'] for cpu in online) - begin_us(outcome.stream) if cpus > 1 else 0
    return {'wall': wall, 'step': int(found[3]) / 1e6, 'last': last / 1e6}


def begin_us(stream):
    """When the step began that starts the processors: at the end of the one before."""
    stages = stream.fact('boot')['stages']
    index = next(i for i, stage in enumerate(stages) if stage['name'] == 'processors')
    return stages[index - 1]['us']


def start_linux(kernel, folder, cpus):
    """Seconds by Linux' own time stamps; None when it has not come so far in LINUX_SECONDS."""
    machine = Machine(memory='512M', smp=str(cpus), boot='kernel', debug_exit=False, cmdline=LINUX_CMDLINE)
    with Session.of(machine, kernel, folder) as session:
        while not (end := LINUX_END.search(session.log())):
            if session.process.poll() is not None:
                raise Failure(f'Linux, {cpus} CPUs: {session.stream().last_line}')
            if time.monotonic() - session.started > LINUX_SECONDS:
                return None
            time.sleep(0.02)
        begin = LINUX_BEGIN.search(session.log())
    if not begin or int(end[2]) != cpus:
        raise Failure(f'Linux, {cpus} CPUs: {end[0].decode()}')
    return float(end[1]) - float(begin[1])


def seconds_words(seconds):
    return '' if seconds is None else f'{seconds:.3f}'


def measure_start(results, variant, folder, runs, kernel):
    peer = f'Linux {kernel.name.removeprefix("vmlinuz-")}' if kernel else ''
    results.heading(f'seconds until all CPUs are online (QEMU TCG, 512 MiB, -kernel), median of {runs} runs' +
                    (f', beside {peer}, one run' if peer else ''))
    print(f'  {"CPUs":<6}{"the step":>10}{"last CPU":>10}{"emulator":>10}' + (f'{"Linux":>16}' if peer else '') +
          '     the step; by the last one\'s stamp; the emulator\'s, more than with one CPU')
    alone = None
    for cpus in COUNTS:
        all_runs = [start_once(variant, folder, cpus) for _ in range(runs)]
        medians = {part: statistics.median(run[part] for run in all_runs) for part in all_runs[0]}
        alone = medians['wall'] if alone is None else alone
        more = medians['wall'] - alone
        theirs = None
        words = ''
        if peer and cpus in LINUX_COUNTS:
            theirs = start_linux(kernel, folder, cpus)
            words = seconds_words(theirs) or 'did not finish'
        target = START_TARGETS.get(cpus)
        is_met = target is None or medians['step'] <= target
        results.is_missed |= not is_met
        note = '' if target is None else f'   target {target}: {"met" if is_met else "MISSED"}'
        print(f'  {cpus:<6}{medians["step"]:>10.3f}{medians["last"]:>10.3f}{more:>10.3f}' +
              (f'{words:>16}' if peer else '') + note)
        more_words = {'target': target} if target else {}
        results.add(f'smp.start.{cpus}', 'seconds', round(medians['step'], 6), system='Ashlar',
                    runs=[run['step'] for run in all_runs], **more_words)
        results.add(f'smp.start.{cpus}.last', 'seconds', round(medians['last'], 6), system='Ashlar')
        results.add(f'smp.start.{cpus}.emulator', 'seconds', round(more, 3), system='Ashlar')
        if words:
            results.add(f'smp.start.{cpus}', 'seconds', theirs, system=peer)


# --- a time line ---------------------------------------------------------------------------------

def line_of(cpu, begin, end):
    """One row: in each column, where the CPU is at its end."""
    marks = [('r', cpu['real_us']), ('p', cpu['protected_us']), ('l', cpu['long_us']), ('k', cpu['kernel_us']),
             ('=', cpu['us'])]
    row = ''
    for column in range(1, LINE_WIDTH + 1):
        now = begin + (end - begin) * column / LINE_WIDTH
        row += next((mark for mark, us in reversed(marks) if us <= now), '.')
    return row


def show_time_line(results, variant, folder, cpus):
    machine = Machine(memory='512M', smp=cpus, boot='kernel', cmdline='run="report cpus; report boot; exit"')
    with Session.of(machine, variant.elf, folder) as session:
        outcome = session.wait(HANG_SECONDS)
    if outcome.verdict != 'pass':
        raise Failure(f'--smp {cpus}: {outcome.words}')
    begin = begin_us(outcome.stream)
    online = outcome.stream.fact('cpus')['online'][1:]
    if not online:
        raise Failure(f'--smp {cpus}: there is one CPU only')
    end = max(cpu['us'] for cpu in online)
    every = -(-len(online) // LINE_ROWS)
    results.heading(f'{len(online) + 1} CPUs, each column {(end - begin) / LINE_WIDTH:,.0f} us: . not yet, r real, p protected, '
                    'l long mode, k kernel, = online')
    if every > 1:
        print(f'  every {every}th CPU')
    print(f'  {"CPU":>4} {"":<{LINE_WIDTH}} {"us: real":>9}{"+prot":>7}{"+long":>7}{"+kernel":>8}{"+online":>8}')
    for cpu in online[::every]:
        stages = [cpu['real_us'], cpu['protected_us'], cpu['long_us'], cpu['kernel_us'], cpu['us']]
        steps = [after - before for before, after in zip(stages, stages[1:])]
        print(f'  {cpu["cpu"]:>4} {line_of(cpu, begin, end)} {stages[0] - begin:>9,}' +
              f'{steps[0]:>7,}{steps[1]:>7,}{steps[2]:>8,}{steps[3]:>8,}')
    for cpu in outcome.stream.fact('cpus')['failed']:
        print(f'  APIC id {cpu["apic"]} did not come: it stopped at {cpu["stage"]}')
    for cpu in online:
        results.add('smp.line', 'us', cpu['us'] - begin, cpu=cpu['cpu'], real=cpu['real_us'] - begin,
                    protected=cpu['protected_us'] - begin, long=cpu['long_us'] - begin, kernel=cpu['kernel_us'] - begin)


# --- all of it -----------------------------------------------------------------------------------

def run(options):
    results = Results()
    variant = build.variant('gcc-O2')
    variant.compile(build.ELF)
    folder = ROOT / 'build-test/bench'
    folder.mkdir(parents=True, exist_ok=True)
    kernel = None if options.no_peer else linux.fetch_kernel(folder / 'linux')
    measure_start(results, variant, folder, options.runs, kernel)
    results.print_json()
    return 1 if results.is_missed else 0
