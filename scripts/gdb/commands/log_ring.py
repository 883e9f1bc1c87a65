# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-log: the log from memory, as the monitor's `log` shows it: kernel64/log/log.c."""
import gdb

from commands.target import KernelCommand, number, parse, read

LEVELS = ('error', 'warn', 'info', 'debug')


def records(ring):
    """(record, text) of each line in the ring, the oldest first. A damaged ring ends it with a note."""
    size = ring['bytes'].type.sizeof
    content = read(int(ring['bytes'].address), size)
    head = gdb.lookup_type('struct record')
    # Twice, so that a piece that wraps is one slice.
    content += content
    at, end = number(ring['start']), number(ring['end'])
    if not 0 <= end - at <= size:
        print(f'(the ring is damaged: start {at}, end {end})')
        return
    while at < end:
        place = at % size
        record = gdb.Value(content[place : place + head.sizeof], head)
        length = number(record['length'])
        at += head.sizeof + length
        if at > end:
            # The CPU that logs it was stopped in between, unless the ring is damaged.
            print('(the last line is incomplete)')
            return
        text = content[place + head.sizeof : place + head.sizeof + length]
        yield record, text.decode('ascii', 'backslashreplace')


def show_losses(ring):
    dropped, unstored = number(ring['dropped']), number(parse("'log/log.c'::unstored"))
    if dropped:
        print(f'[{dropped} older lines dropped]')
    if unstored:
        print(f'[{unstored} lines not stored]')


class Log(KernelCommand):
    """Print the kernel's log from memory, whether a console shows it or not.
    ashlar-log [LEVEL]: up to the level error, warn, info or debug, which is the default.
    Before there is a clock, a stamp counts a tick of the time-stamp counter as a nanosecond."""

    name, arguments, words_most = 'ashlar-log', '[error|warn|info|debug]', 1

    def run(self, level='debug'):
        if level not in LEVELS:
            raise gdb.GdbError(f'usage: {self.name} {self.arguments}')
        ring = parse("'log/log.c'::ring")
        show_losses(ring)
        for record, text in records(ring):
            if number(record['level']) > LEVELS.index(level):
                continue
            seconds, ns = divmod(number(record['stamp']), 10**9)
            print(f'[{seconds:5}.{ns // 1000:06}] cpu{number(record["cpu"])} {text}')


Log()
