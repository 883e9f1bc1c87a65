#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""expect_failure.py PROGRAM: runs a test of which a mechanism was broken on purpose; passes if that test fails."""
import subprocess
import sys

HANG_SECONDS = 250

try:
    done = subprocess.run(
        [sys.argv[1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=HANG_SECONDS,
    )
except subprocess.TimeoutExpired:
    sys.exit(f'{sys.argv[1]}: did not end')
if done.returncode == 0:
    sys.exit(f'{sys.argv[1]}: passed, though it was broken on purpose')
print(f'it fails, as it should: status {done.returncode}')
