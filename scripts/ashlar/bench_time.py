# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bench time: what clock and timers cost, how late timers are, and how well the clock's rate is measured."""
from ashlar import Failure
from ashlar.bench_counts import count_of_linux, per_operation, read_stream, show_counts
from ashlar.bench_results import ICOUNT, boot_kernel

ROWS = {
    'clock.read': ('reading the clock', 20),
    'timer.arm-cancel': ('arming a timer and canceling it', None),
    'timer.fire': ('arming a timer that is due, until it has run', None),
}
# Under -icount shift=0 the time-stamp counter counts instructions, one a nanosecond.
TRUE_HZ = 1_000_000_000
ERROR_TARGET_PPM = 20
MEASURING_TARGET_NS = 5_000_000
# The measurement: the machine, and the kernel's options.
REFERENCES = {
    'hpet': ({'machine': 'q35'}, ''),
    'pm-timer': ({'machine': 'q35'}, 'nohpet'),
    'pit': ({'machine': 'microvm'}, ''),
}


def show_lateness(results, stream, words):
    fact = next(fact for fact in stream.of_type('bench') if fact['name'] == 'timer.lateness')
    print(
        f'  {words:<44}{fact["median"]:>10,} ns median{fact["p99"]:>12,} ns 99th of 100, {fact["n"]} timers'
    )
    for part in ('median', 'p99'):
        results.add(f'time.lateness.{part}', 'ns', fact[part], system=words)


def measure_calibration(results, variant, folder):
    results.heading('measuring the time-stamp counter, under -icount, where its rate is 1,000,000,000 Hz')
    print(f'  {"reference":<20}{"error":>14}{"guest time":>16}')
    for name, (way, options) in REFERENCES.items():
        stream = boot_kernel(
            variant, folder, name, cmdline=f'{options} run="report time; exit"'.strip(), extra=ICOUNT, **way
        )
        fact = stream.fact('time')
        if fact['tsc_hz_from'] != name:
            raise Failure(f'{name} was not what measured, but {fact["tsc_hz_from"]}')
        error_ppm = round(abs(fact['tsc_hz'] - TRUE_HZ) * 1e6 / TRUE_HZ, 2)
        is_met = error_ppm < ERROR_TARGET_PPM and fact['measuring_ns'] <= MEASURING_TARGET_NS
        results.is_missed |= not is_met
        print(
            f'  {name:<20}{error_ppm:>10} ppm{fact["measuring_ns"] / 1e6:>13.2f} ms   '
            f'targets {ERROR_TARGET_PPM} ppm, 5 ms: {"met" if is_met else "MISSED"}'
        )
        results.add(f'time.calibration.{name}', 'ppm', error_ppm, target=ERROR_TARGET_PPM)
        results.add(f'time.measuring.{name}', 'ns', fact['measuring_ns'], target=MEASURING_TARGET_NS)


def measure_counts(results, variant, folder, with_peer):
    counted = read_stream(variant, folder, '512M', 'bench clock*; bench timer*')
    counts = {
        fact['name']: per_operation(fact['median_ticks'], fact['operations'])
        for fact in counted.of_type('bench')
        if 'median_ticks' in fact
    }
    peer_name, peer = count_of_linux(folder / 'linux') if with_peer else ('', {})
    results.heading('instructions, under -icount, 512 MiB, 1 CPU' + (f', beside {peer_name}' if peer else ''))
    show_counts(results, 'time', ROWS, counts, peer_name, peer)
    results.heading('how late a timer runs, of delays between 20 us and 1 ms')
    show_lateness(results, counted, 'under -icount: instructions')


def run(results, variant, folder, options):
    measure_counts(results, variant, folder, not options.no_peer)
    timed = read_stream(variant, folder, '512M', 'bench timer.late*', extra=())
    show_lateness(results, timed, "on this host, TCG: its scheduler's in it")
    measure_calibration(results, variant, folder)
