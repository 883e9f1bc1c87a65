# SPDX-License-Identifier: BSD-2-Clause
"""The whole-machine tests: pytest runs them, on several workers."""
import collections
import os
import re
import subprocess
import sys

from ashlar import ROOT, junit, progress

SECONDS = 2400
TAIL_LINES = 60
# pytest-xdist's lines: how many tests there are, `gw0 [345] / gw1 [345]` before 3.2 and `2 workers [345 items]` since, and
# the result of one.
COUNT_LINE = re.compile(r'(?:gw\d+|\d+ workers?) \[(\d+)(?: items?)?\]')
RESULT_LINE = re.compile(r'\[gw\d+\] \[ *\d+%\] (\w+) (\S.*)')
# pytest's exit status when it has selected nothing.
NOTHING_SELECTED = 5


def _has_worksteal():
    """pytest-xdist 3.2 and newer hand out tests one by one."""
    import xdist

    return tuple(map(int, xdist.__version__.split('.')[:2])) >= (3, 2)


def _command(report, shard, matrix, name):
    # Two workers at least: a booting machine waits as often as it computes.
    workers = max(2, os.cpu_count() or 1)
    command = [sys.executable, '-m', 'pytest', '-v', '-p', 'no:cacheprovider', '--tb=short']
    command += ['-n', str(workers), '--dist', 'worksteal' if _has_worksteal() else 'load']
    command += [f'--junitxml={report}', '--shard', shard, str(ROOT / 'tests/boot')]
    if name:
        command += ['--only', name]
    return command + (['--matrix'] if matrix else [])


def _follow(lines, step):
    """Shows progress and, at once, what failed. Return: the last lines."""
    done = total = 0
    tail = collections.deque(maxlen=TAIL_LINES)
    for line in lines:
        tail.append(line)
        if not total and (match := COUNT_LINE.match(line)):
            total = int(match[1])
        elif match := RESULT_LINE.match(line):
            done += 1
            step.at(done, total)
            if match[1] in ('FAILED', 'ERROR'):
                progress.say(f'failed: {match[2].strip()}')
    return ''.join(tail)


def run(shard='1/1', matrix=False, name=None):
    """Return: the cases; with @name, those whose titles hold it."""
    folder = ROOT / 'build-test'
    folder.mkdir(exist_ok=True)
    report = folder / 'boot.xml'
    report.unlink(missing_ok=True)
    with progress.step(
        'whole-machine tests', about=None if name or matrix or shard != '1/1' else SECONDS
    ) as step:
        process = subprocess.Popen(
            _command(report, shard, matrix, name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=dict(os.environ, PYTHONUNBUFFERED='1'),
        )
        tail = _follow(process.stdout, step)
        status = process.wait()
    if name and status == NOTHING_SELECTED:
        return []
    cases = junit.read(report, 'boot') if report.exists() else []
    if status not in (0, 1) or not report.exists():
        cases.append(junit.Case('boot', 'pytest', 'fail', 0, f'pytest ended with status {status}\n{tail}'))
    return cases
