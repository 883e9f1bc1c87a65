#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The corners of libashlar-malloc.so as a malloc: the cases of malloc_cases.c, each in a process of its own.

usage: run_malloc_cases.py PROGRAM LIBRARY [CASE...]
"""
import os
import signal
import subprocess
import sys

NOT_ALLOWED = 77
HANG_SECONDS = 300
# Virtual memory for the case that begins under a limit: the program, its libraries, and 100 MiB.
LIMIT_KIB = {'a_program_runs_under_ulimit_v': 120_000}


def run(program, library, case):
    """What is wrong; '' when nothing is; None when the system does not allow the case."""
    command = [program, case]
    if case in LIMIT_KIB:
        command = ['sh', '-c', f'ulimit -v {LIMIT_KIB[case]}; exec "$0" "$@"', *command]
    environment = {'PATH': os.environ['PATH'], 'LD_PRELOAD': library, 'LC_ALL': 'C'}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return 'hangs'
    output = (done.stdout + done.stderr).strip()
    if done.returncode == NOT_ALLOWED:
        return None
    if not case.startswith('wrong_'):
        return '' if done.returncode == 0 else f'status {done.returncode}: {output}'
    if done.returncode != -signal.SIGABRT:
        return f'a wrong pointer was accepted: status {done.returncode}: {output}'
    lines = [line for line in done.stderr.splitlines() if line.startswith('ashlar-malloc: ')]
    return '' if len(lines) == 1 else f'ended by {len(lines)} lines of words and not one: {output}'


def main():
    program, library = (os.path.abspath(word) for word in sys.argv[1:3])
    cases = (
        sys.argv[3:] or subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    )
    failed = False
    for case in cases:
        problem = run(program, library, case)
        failed |= bool(problem)
        print('SKIP' if problem is None else 'FAIL' if problem else 'ok  ', case, problem or '', flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
