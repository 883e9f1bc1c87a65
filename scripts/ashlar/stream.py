# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a machine said on its serial port, as docs/interfaces.md describes it.

A log is judged by three things that must agree: the verdict line, the KTAP results, and, where the
emulator gave one, its exit status. A log that just ends is not a pass.
"""
import dataclasses
import json
import re

PASS, FAIL, PANIC, NO_VERDICT = 'pass', 'fail', 'panic', 'no verdict'

# Exit status of scripts/run and scripts/judge; 2 is for what could not be tried at all.
EXIT_STATUS = {PASS: 0, FAIL: 1, PANIC: 3, 'timeout': 4, NO_VERDICT: 5}

# Loaders and firmware colour their lines and move the cursor.
ESCAPE = re.compile(r'\x1b(\[[0-?]*[ -/]*[@-~]|[@-_])')
RESULT = re.compile(r'\s*(ok|not ok)\s+(\d+)\s*-?\s*([^#]*?)\s*(?:#\s*(SKIP|TODO)\b\s*(.*))?$', re.IGNORECASE)
PLAN = re.compile(r'\s*1\.\.(\d+)')


@dataclasses.dataclass
class TestResult:
    name: str
    status: str  # pass, fail or skip
    reason: str = ''


def clean(data):
    """Serial bytes as lines of text, without escape sequences."""
    if isinstance(data, bytes):
        data = data.decode('utf-8', 'replace')
    return [line.split('\r')[-1] for line in ESCAPE.sub('', data.replace('\r\n', '\n')).split('\n')]


class Stream:
    """Everything a log holds: .lines, .objects (JSON), .tests (KTAP), .complaints."""

    def __init__(self, data):
        self.lines = clean(data)
        self.objects = []
        self.tests = []
        self.complaints = []
        planned = 0
        for line in self.lines:
            if line.startswith('@ashlar '):
                self._read_object(line)
            elif match := RESULT.match(line):
                self._read_result(match)
            elif match := PLAN.match(line):
                planned += int(match[1])
        if len(self.tests) < planned:
            self.complaints.append(f'{planned} tests were announced, {len(self.tests)} gave a result')

    def _read_object(self, line):
        try:
            self.objects.append(json.loads(line[len('@ashlar '):]))
        except ValueError as error:
            self.complaints.append(f'not JSON ({error}): {line}')

    def _read_result(self, match):
        outcome, _, name, directive, reason = match.groups()
        status = 'pass' if outcome == 'ok' else 'fail'
        if directive and directive.upper() == 'SKIP':
            status = 'skip'
        self.tests.append(TestResult(name, status, reason or ''))

    def of_type(self, kind):
        """The JSON objects of one type, in the order they came."""
        return [item for item in self.objects if item.get('type') == kind]

    def fact(self, kind):
        """The last JSON object of a type."""
        return self.of_type(kind)[-1]

    def count(self, status):
        return sum(test.status == status for test in self.tests)

    def failed_tests(self):
        return [test.name for test in self.tests if test.status == 'fail']

    @property
    def last_line(self):
        return next((line for line in reversed(self.lines) if line.strip()), '(nothing)')

    def verdict(self):
        """One of PASS, FAIL, PANIC and NO_VERDICT."""
        verdicts = self.of_type('verdict')
        if not verdicts:
            return NO_VERDICT
        status = verdicts[-1].get('status')
        if status == PASS and (self.complaints or self.failed_tests()):
            return FAIL
        return status if status in (PASS, FAIL, PANIC) else NO_VERDICT
