# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check: the programs that look at the tree itself. scripts/test and scripts/check/all run them."""
import os
import subprocess
import time

from ashlar import ROOT, junit, progress

FOLDER = ROOT / 'scripts/check'
# A step of the build, which needs its image; and the program that runs all others.
NOT_ALONE = ('image', 'all')
# The exit status of a check that found nothing, but lacked a tool, which it names with what has it.
LACKS_A_TOOL = 77
# The first time, when check/lint has kept no results yet.
SECONDS = 300


def programs():
    return [
        path
        for path in sorted(FOLDER.iterdir())
        if path.is_file() and os.access(path, os.X_OK) and path.name not in NOT_ALONE
    ]


def run(is_wanted=lambda title: True, strict=False):
    """Return: a Case for each check whose title @is_wanted. One that fails is shown at once. One that lacks a tool is
    skipped, or fails if @strict."""
    outcomes = {0: 'pass', LACKS_A_TOOL: 'fail' if strict else 'skip'}
    cases = []
    wanted = [path for path in programs() if is_wanted(junit.Case('check', path.name, 'pass').title)]
    if not wanted:
        return []
    about = SECONDS if len(wanted) == len(programs()) else None
    with progress.step('checks of the tree', about) as step:
        for path in wanted:
            start = time.monotonic()
            done = subprocess.run(
                [str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )
            status = outcomes.get(done.returncode, 'fail')
            cases.append(junit.Case('check', path.name, status, time.monotonic() - start, done.stdout))
            if status == 'fail':
                progress.say(f'failed: {cases[-1].title}\n{done.stdout.rstrip()}')
            step.at(len(cases), len(wanted))
    return cases
