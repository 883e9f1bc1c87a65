# SPDX-License-Identifier: BSD-2-Clause
"""What benchmarks have in common: rows of tables that are also JSON, and machines that are measured."""
import json
import re
import time

from ashlar import Failure, progress
from ashlar.machine import Machine
from ashlar.session import Session

HANG_SECONDS = 120
# One instruction is one nanosecond of the guest's time, so its time stamps count instructions.
ICOUNT = ('-icount', 'shift=0,sleep=off')


class Results:
    """Prints each figure as a row of a table, and keeps it for the JSON."""

    def __init__(self):
        self.objects = []
        self.is_missed = False

    def heading(self, text):
        print(f'\n{text}')

    def row(self, words, name, unit, value, target=None, **more):
        note = ''
        if target is not None:
            met = value <= target
            self.is_missed |= not met
            note = f'   target {target:,}: {"met" if met else "MISSED"}'
        shown = f'{value:,.3f}' if isinstance(value, float) else f'{value:,}'
        print(f'  {words:<36} {shown:>14} {unit}{note}')
        self.add(name, unit, value, **({'target': target} if target is not None else {}), **more)

    def add(self, name, unit, value, **more):
        """A figure that a separate table shows."""
        self.objects.append({'v': 1, 'type': 'bench', 'name': name, 'unit': unit, 'value': value, **more})

    def print_json(self):
        print()
        for item in self.objects:
            print('@ashlar ' + json.dumps(item, separators=(',', ':')))


def boot_kernel(variant, folder, words, **machine):
    """The stream of a machine that boots @variant's kernel and leaves with a pass; a Failure, of @words, if it does not."""
    with (
        progress.step(f'booting: {words}'),
        Session.of(Machine(boot='kernel', **machine), variant.elf, folder) as session,
    ):
        outcome = session.wait(HANG_SECONDS)
    if outcome.verdict != 'pass':
        raise Failure(f'{words}: {outcome.words}')
    return outcome.stream


def wait_for(session, pattern, seconds, every=0.002):
    """The match of @pattern, of bytes, in what the machine says, looked for @every so many seconds; None when the machine
    has left or the @seconds are over."""
    search = re.compile(pattern).search
    while not (found := search(session.log())):
        if session.process.poll() is not None or time.monotonic() - session.started > seconds:
            return search(session.log())
        time.sleep(every)
    return found
