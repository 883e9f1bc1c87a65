# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-timers: the timers armed on each CPU: kernel64/time/timer_queue.c."""
from commands.target import KernelCommand, cpus_of, number, parse, percpu, symbol


def timers(top):
    """The timers of a heap, in any order."""
    pending = [top]
    while pending:
        timer = pending.pop()
        if number(timer):
            yield timer.dereference()
            pending += [timer['left'], timer['right']]


def line_of(timer):
    seconds, ns = divmod(number(timer['deadline_ns']), 10**9)
    return (
        f'    at {seconds}.{ns:09} s: {symbol(number(timer["run"]))}, context {number(timer["context"]):#x}'
    )


class Timers(KernelCommand):
    """Print the timers that are armed, the earliest first, by their deadlines since boot.
    ashlar-timers [CPU]: on all CPUs, or on one. Compare the stamps of ashlar-log."""

    name, arguments, words_most = 'ashlar-timers', '[CPU]', 1

    def run(self, cpu=None):
        for each in cpus_of(cpu):
            queue = percpu(parse("'time/timer.c'::percpu_timer_queue"), each)
            armed = [timer for heap in ('first', 'late') for timer in timers(queue[heap])]
            armed.sort(key=lambda timer: (number(timer['deadline_ns']), number(timer['sequence'])))
            print(f'cpu {each}: {len(armed)} armed')
            for timer in armed:
                print(line_of(timer))
            if number(queue['running']):
                print(f'    running: {symbol(number(queue["running"]["run"]))}')


Timers()
