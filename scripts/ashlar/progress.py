# SPDX-License-Identifier: BSD-2-Clause
"""Progress of a program on standard error: its step, how much of it is done, and an estimate of the time
left.

    progress.show()                                     once, in a program; silent before
    with progress.step('building', about=90) as step:   seconds on a host with two CPUs
        step.at(120, 300)

On a terminal it is one line, which is rewritten, and erased at the end. In a pipe or a log it is one line
when a step begins, and one a minute while it lasts, each with the time since the program started:

    [   0 s] building, about 90 s
    [  60 s] building: 180 of 300, about 40 s left

The durations of the last run are stored, and replace the estimates in the code. The duration of a step
without an estimate is not stored: it may do a different amount of work each time.
"""
import contextlib
import json
import os
import shutil
import sys
import threading
import time

from ashlar import ROOT

MEMORY = ROOT / 'build-test/times.json'
REDRAW_SECONDS, LOG_SECONDS = 1, 60
# Before this share of a step is done, its speed says nothing.
TELLING_SHARE = 0.05
ERASE = '\r\x1b[K'


def _words_of(seconds):
    return f'{seconds:.0f} s' if seconds < 100 else f'{seconds / 60:.0f} min'


class Step:
    """@about: seconds it is expected to take; None: unknown."""

    def __init__(self, words, about, now):
        self.words, self.about, self.now = words, about, now
        self.start = now()
        self.done = self.total = 0

    def at(self, done, total):
        self.done, self.total = done, total

    @property
    def seconds(self):
        return self.now() - self.start

    def left(self):
        """Seconds; None: unknown."""
        # A test that fails and then fails to clean up counts twice.
        share = min(1, self.done / self.total) if self.total else 0
        if share >= TELLING_SHARE:
            return self.seconds / share - self.seconds
        return self.about - self.seconds if self.about and self.about > self.seconds else None

    def __str__(self):
        left = self.left()
        return (
            self.words
            + (f': {self.done} of {self.total}' if self.total else '')
            + (f', about {_words_of(left)} left' if left is not None else '')
        )


class Progress:
    """@out: a text file; None: nothing is shown. @memory: the file that keeps durations, or None."""

    def __init__(self, out=None, memory=None, now=time.monotonic):
        self.out, self.memory, self.now = out, memory, now
        self.is_terminal = bool(out) and out.isatty()
        self.start = now()
        self.steps = []
        self.is_drawn = False
        # Around every write, because the ticker is a thread.
        self.lock = threading.RLock()

    # --- steps ---

    @contextlib.contextmanager
    def step(self, words, about=None):
        step = Step(words, self._expected(words, about), self.now)
        self.steps.append(step)
        self._begin(step)
        with self._ticking():
            try:
                yield step
                self._remember(step)
            finally:
                with self.lock:
                    self.steps.remove(step)
                self.erase()

    def _begin(self, step):
        if self.is_terminal:
            self.draw()
        elif self.out:
            self._line(step.words + (f', about {_words_of(step.about)}' if step.about else ''))

    @contextlib.contextmanager
    def _ticking(self):
        """Redraws the outermost step, and what is inside it, while it lasts."""
        if not self.out or len(self.steps) > 1:
            yield
            return
        ended = threading.Event()
        seconds = REDRAW_SECONDS if self.is_terminal else LOG_SECONDS
        ticker = threading.Thread(target=self._tick, args=(ended, seconds), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()

    def _tick(self, ended, seconds):
        while not ended.wait(seconds):
            self.draw()

    # --- what is shown ---

    def draw(self):
        with self.lock:
            if not self.steps or not self.out:
                return
            words = str(self.steps[-1])
            if not self.is_terminal:
                self._line(words)
                return
            width = shutil.get_terminal_size().columns - 1
            self.out.write(ERASE + self._stamped(words)[:width])
            self.out.flush()
            self.is_drawn = True

    def erase(self):
        with self.lock:
            if self.is_drawn:
                self.out.write(ERASE)
                self.out.flush()
                self.is_drawn = False

    def say(self, words):
        """A line that stays."""
        if self.out:
            self.erase()
            self._line(words)

    def _stamped(self, words):
        return f'[{self.now() - self.start:4.0f} s] {words}'

    def _line(self, words):
        with self.lock:
            self.out.write(self._stamped(words) + '\n')
            self.out.flush()

    # --- durations ---

    def _read(self):
        try:
            times = json.loads(self.memory.read_text())
            return times if isinstance(times, dict) else {}
        except (OSError, ValueError):
            return {}

    def _expected(self, words, about):
        if about is None:
            return None
        known = self._read().get(words) if self.memory else None
        return known if isinstance(known, (int, float)) else about * 2 / (os.cpu_count() or 2)

    def _remember(self, step):
        if not self.memory or step.about is None:
            return
        times = {**self._read(), step.words: round(step.seconds, 1)}
        with contextlib.suppress(OSError):
            self.memory.parent.mkdir(exist_ok=True)
            self.memory.write_text(json.dumps(times, indent=1) + '\n')


class Above:
    """A text file that shares its terminal with the line: that is erased before anything is written."""

    def __init__(self, out, progress):
        self._out, self._progress = out, progress

    def write(self, text):
        with self._progress.lock:
            self._progress.erase()
            return self._out.write(text)

    def __getattr__(self, name):
        return getattr(self._out, name)


CURRENT = Progress()


def show(out=None):
    """From now on, on @out; default: standard error."""
    global CURRENT
    CURRENT = Progress(out or sys.stderr, MEMORY)
    if CURRENT.is_terminal:
        sys.stdout, sys.stderr = Above(sys.stdout, CURRENT), Above(sys.stderr, CURRENT)


def step(words, about=None):
    return CURRENT.step(words, about)


def say(words):
    CURRENT.say(words)
