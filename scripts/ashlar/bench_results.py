# SPDX-License-Identifier: BSD-2-Clause
"""What benchmarks have in common: rows of tables that are also JSON, and counting instructions."""
import json

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
        """A figure that a table of its own shows."""
        self.objects.append({'v': 1, 'type': 'bench', 'name': name, 'unit': unit, 'value': value, **more})

    def print_json(self):
        print()
        for item in self.objects:
            print('@ashlar ' + json.dumps(item, separators=(',', ':')))
