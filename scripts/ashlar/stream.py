# SPDX-License-Identifier: BSD-2-Clause
"""Reads a machine's serial output, as docs/interfaces.md describes it.

A log is judged by things that must agree: the verdict line, the KTAP results and their plan, the counts in both, and,
where the emulator gave one, its exit status. A log that just ends is not a pass.

A log may hold several boots. Each begins at the kernel's first line, and is judged on its own; the log passes when all
of them pass. A boot that neither gave its verdict nor was told to restart, and after which another one begins,
restarted by itself.

Only the kernel's text counts. KTAP results count after a `KTAP version` line and nowhere else, because loaders
say "ok", too; they have the prefix that the version line has (a capture program's time stamp), and no other.
"""
import dataclasses
import json
import re

from ashlar.serial_text import encoding_of, lines_of

PASS, FAIL, PANIC, NO_VERDICT = 'pass', 'fail', 'panic', 'no verdict'

# Exit status of scripts/run and scripts/judge; 2 is for what could not be tried at all.
EXIT_STATUS = {PASS: 0, FAIL: 1, PANIC: 3, 'timeout': 4, NO_VERDICT: 5}

LOG_PREFIX = r'\[ *(\d+\.\d{6})\] cpu\d+ '
LOG_LINE = re.compile(LOG_PREFIX + r'([\w.-]+): (.*)')
FIRST_LINE = re.compile(r'Ashlar \S+, loaded by ')
# GRUB prints it once for each attempt.
LOADER_LINE = re.compile(r'Booting `Ashlar')
# Between these two the monitor's `log` shows lines once more.
REPLAY_START, REPLAY_END = 'log, shown again:', 'end of the log'
# A report's cause. Exception 2 is an NMI, which may be survived; one that is not is followed by PANIC.
PANIC_LINE = re.compile(r'(?<![\w"\'])(?:PANIC(?: inside a panic)?|EXCEPTION (?!2:)\d+): ')

VERSION = re.compile(r'(.*?)KTAP version \d+\s*$')
RESULT = re.compile(r'\s*(ok|not ok) (\d+)(?: -)?(?: ([^#]*?))?\s*(?:#\s*(SKIP|TODO)\b\s*(.*))?$')
PLAN = re.compile(r'\s*1\.\.(\d+)\s*$')

MARK = '@ashlar'
# After a word it begins an object only if an object follows: a shell's prompt may be user@ashlar.
OBJECT = re.compile(r'@ashlar *(?=\{)|(?<!\w)@ashlar ')

VERDICT_COUNTS = {'passed': 'pass', 'failed': 'fail', 'skipped': 'skip'}
COMPLAINTS_MAX = 50


@dataclasses.dataclass
class TestResult:
    name: str
    status: str  # pass, fail or skip
    reason: str = ''


def _object_of(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError('a member comes twice')
    return members


def _refuse_constant(name):
    raise ValueError(f'{name} is no JSON')


DECODER = json.JSONDecoder(object_pairs_hook=_object_of, parse_constant=_refuse_constant)


def rejoin(lines):
    """Lines, with whole log lines that another CPU wrote into the middle of an object put in front of it."""
    lines = list(reversed(lines))
    while lines:
        line = lines.pop()
        match = OBJECT.search(line)
        inside = LOG_LINE.search(line, match.end()) if match else None
        if inside and lines and not _decodes(line, match.end()):
            yield inside[0]
            lines[-1] = line[: inside.start()] + lines[-1]
        else:
            yield line


def _decodes(line, start):
    try:
        return bool(DECODER.raw_decode(line, start))
    except (ValueError, RecursionError):
        return False


class Ktap:
    """One KTAP stream: from its version line to the next one, a verdict or another boot."""

    def __init__(self, prefix):
        # A time stamp's digits and names of days and months differ from line to line, its shape does not.
        self.prefix = re.compile(re.sub(r'\d+|[A-Za-z]+|\s+|.', self._shape_of, prefix))
        self.planned = None
        self.results = []

    @staticmethod
    def _shape_of(match):
        part = match[0]
        return (
            r'\d+'
            if part[0].isdecimal()
            else r'[A-Za-z]+'
            if part.isascii() and part.isalpha()
            else r'\s*'
            if part.isspace()
            else re.escape(part)
        )

    def rest_of(self, line):
        match = self.prefix.match(line)
        return line[match.end() :] if match else ''

    def complaints(self):
        if self.planned is None:
            yield 'a KTAP stream has no plan'
        elif len(self.results) != self.planned:
            yield f'{self.planned} tests were announced, {len(self.results)} gave a result'


class Boot:
    """A machine's output from one start to the next."""

    def __init__(self):
        self.has_first_line = False
        self.first_words = None  # of subsystem boot: where the first line is not one that we know
        self.last_line = '(nothing)'
        self.loads = 0  # how often a loader said that it starts this one
        self.objects = []
        self.streams = []  # KTAP
        self.open = None  # the last of them, until it ends
        self.has_panicked = False
        self.complaints = []

    def complain(self, words):
        if len(self.complaints) < COMPLAINTS_MAX:
            self.complaints.append(words)

    @property
    def has_started(self):
        """Whether anything of it is the kernel's."""
        return bool(self.first_words or self.is_running or self.complaints)

    @property
    def is_running(self):
        """Whether its first line was read, or must have been earlier."""
        return bool(self.has_first_line or self.objects or self.streams or self.has_panicked)

    @property
    def tests(self):
        return [result for ktap in self.streams for result in ktap.results]

    @property
    def verdicts(self):
        return [item for item in self.objects if item.get('type') == 'verdict']

    @property
    def has_vanished(self):
        """Whether it ends without a verdict and without a requested reboot."""
        return not self.verdicts and not any(item.get('type') == 'reboot' for item in self.objects)

    # --- reading ---

    def start_ktap(self, line):
        self.open = Ktap(VERSION.match(line)[1])
        self.streams.append(self.open)

    def read_ktap(self, line):
        rest = self.open.rest_of(line)
        if match := RESULT.match(rest):
            self._read_result(match)
        elif match := PLAN.match(rest):
            if self.open.planned is not None:
                self.complain('a KTAP stream has two plans')
            self.open.planned = int(match[1][:18])

    def _read_result(self, match):
        outcome, number, name, directive, reason = match.groups()
        status = 'pass' if outcome == 'ok' else 'fail'
        if directive == 'SKIP':
            status = 'skip' if status == 'pass' else 'fail'
        self.open.results.append(TestResult((name or '').strip(), status, reason or ''))
        if number.lstrip('0') != str(len(self.open.results)):
            self.complain(f'test {number[:18]} stands where test {len(self.open.results)} is due')

    def read_objects(self, line, start):
        """The objects of a line, from @start on. Only blanks may be between and after them."""
        while match := OBJECT.search(line, start):
            try:
                item, start = DECODER.raw_decode(line, match.end())
            except (ValueError, RecursionError) as error:
                self.complain(f'not JSON ({str(error)[:80]}): {line[:200]}')
                return
            if not isinstance(item, dict):
                self.complain(f'not an object: {line[:200]}')
                continue
            if line[start:].strip() and not OBJECT.match(line[start:].lstrip()):
                self.complain(f'text after an object: {line[:200]}')
            self.objects.append(item)
            if item.get('type') == 'verdict':
                self.open = None
                self._check_verdict(item)

    def _check_verdict(self, verdict):
        if verdict.get('status') not in (PASS, FAIL, PANIC):
            self.complain(f'the verdict is {str(verdict.get("status"))[:80]!r}')
        if verdict.get('status') == PANIC:
            return  # one inside a panic counts nothing
        for member, status in VERDICT_COUNTS.items():
            said, seen = verdict.get(member), sum(test.status == status for test in self.tests)
            if type(said) is not int or said != seen:
                self.complain(f'the verdict says {str(said)[:80]} {member}, the results are {seen}')

    def end(self):
        for ktap in self.streams:
            for words in ktap.complaints():
                self.complain(words)
        if self.loads > 1:
            self.complain(f'a loader started the kernel {self.loads} times before it said anything')

    # --- judging ---

    @property
    def has_failed(self):
        return bool(self.complaints) or any(test.status == 'fail' for test in self.tests)

    def verdict(self):
        statuses = [verdict.get('status') for verdict in self.verdicts]
        if self.has_panicked or PANIC in statuses:
            return PANIC
        if not statuses:
            return NO_VERDICT
        return FAIL if self.has_failed or any(status != PASS for status in statuses) else PASS


class Stream:
    """Everything a log holds: .lines, .objects (JSON), .tests (KTAP), .complaints, .notes; and its .boots apart."""

    def __init__(self, data):
        self.notes = []
        if isinstance(data, (bytes, bytearray)) and encoding_of(data)[0]:
            self.notes.append(f'the log is in {encoding_of(data)[0]}, and is read as such')
        self.lines = lines_of(data)
        self.boots = [Boot()]
        self._is_replay = False
        self._replayed_until = 0.0  # the latest stamp in the replay
        for line in rejoin(self.lines):
            self._read_line(line)
        if len(self.boots) > 1 and self.boots[-2].verdicts and not self.boots[-1].has_started:
            del self.boots[-1]  # left by a reset, and the log was ended then
        for boot in self.boots:
            boot.end()
        self._complain_of_restarts()
        self.objects = [item for boot in self.boots for item in boot.objects]
        self.tests = [test for boot in self.boots for test in boot.tests]
        self.complaints = [words for boot in self.boots for words in boot.complaints]

    # --- reading ---

    def _read_line(self, line):
        if line.endswith((REPLAY_START, REPLAY_END)):
            self._is_replay = line.endswith(REPLAY_START)
            self._replayed_until = 0.0
            return
        start = line.find(MARK)
        own = line if start < 0 else line[:start]
        if match := LOG_LINE.search(own):
            if match[2] == 'boot':
                self._read_boot_line(float(match[1]), match[3])
            self._replayed_until = max(self._replayed_until, float(match[1]))
        elif PANIC_LINE.search(own) and not own.lstrip().startswith('#'):
            self.boots[-1].has_panicked = True
        elif LOADER_LINE.search(own):
            self._read_loader_line()
        elif VERSION.match(own):
            self._boot_after_verdict().start_ktap(own)
        elif self.boots[-1].open:
            self.boots[-1].read_ktap(own)
        if start >= 0:
            self.boots[-1].read_objects(line, start)
        if line.strip():
            self.boots[-1].last_line = line

    def _read_loader_line(self):
        if self.boots[-1].has_started:
            self.boots.append(Boot())
        self.boots[-1].loads += 1
        self._is_replay = False

    def _read_boot_line(self, stamp, words):
        boot = self.boots[-1]
        is_first = bool(FIRST_LINE.match(words))
        # A replay is in the order of time and holds one first line: an earlier one, or a second, is of a new start.
        if self._is_replay and not (is_first and stamp < self._replayed_until):
            self._is_replay = not is_first
            return
        self._is_replay = False
        if is_first and boot.is_running or not boot.has_first_line and words == boot.first_words:
            self.boots.append(Boot())
        boot = self._boot_after_verdict()
        boot.has_first_line |= is_first
        boot.first_words = boot.first_words or words

    def _boot_after_verdict(self):
        """The machine has ended after a verdict: a line that follows begins another boot."""
        if self.boots[-1].verdicts:
            self.boots.append(Boot())
        return self.boots[-1]

    def _complain_of_restarts(self):
        for index, boot in enumerate(self.boots[:-1], 1):
            if boot.has_vanished:
                boot.complain(
                    f'the machine restarted by itself: boot {index} ends without a verdict, after: '
                    f'{boot.last_line[:200]}'
                )

    # --- queries ---

    @property
    def has_restarted(self):
        """Whether the machine rebooted without a verdict and without a request."""
        return any(boot.has_vanished for boot in self.boots[:-1])

    def of_type(self, kind):
        """The JSON objects of one type, in their order."""
        return [item for item in self.objects if item.get('type') == kind]

    def fact(self, kind):
        """The last JSON object of a type."""
        return self.of_type(kind)[-1]

    def count(self, status):
        return sum(test.status == status for test in self.tests)

    def failed_tests(self):
        return [test.name for test in self.tests if test.status == 'fail']

    def failed_commands(self):
        """Commands of run= that the verdicts name."""
        named = [item.get('failed_commands') for item in self.of_type('verdict')]
        return [str(name) for names in named if isinstance(names, list) for name in names]

    @property
    def last_line(self):
        return next((line for line in reversed(self.lines) if line.strip()), '(nothing)')

    def verdict(self):
        """One of PASS, FAIL, PANIC and NO_VERDICT: the worst of all boots. A boot with a requested reboot needs none."""
        verdicts = [boot.verdict() for boot in self.boots]
        if PANIC in verdicts:
            return PANIC
        if FAIL in verdicts or any(boot.has_failed for boot in self.boots[:-1]):
            return FAIL
        return verdicts[-1]
