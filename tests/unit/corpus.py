# SPDX-License-Identifier: BSD-2-Clause
"""The corpus: data of real machines' firmware, with the results of independent programs.

It is the folder that ASHLAR_CORPUS names (seen from the source tree), else a default one. A missing default
folder is a skip (status 77); a missing folder that was named is a failure.
"""
import os
import pathlib
import subprocess
import sys

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


def find_cases(default, kind, pattern):
    """The files that match @pattern in the folder @kind of the corpus, sorted; exits when there are none."""
    named = os.environ.get('ASHLAR_CORPUS')
    folder = SOURCE_ROOT / (named or default) / kind
    if not folder.is_dir():
        print(f"corpus {kind}: {'FAILED' if named else 'skipped'}, there is no folder {folder}")
        sys.exit(1 if named else SKIPPED)
    cases = sorted(folder.glob(pattern))
    if not cases:
        sys.exit(f'corpus {kind}: FAILED, there are no cases in {folder}')
    return cases


def judge(kind, cases, mistakes):
    """Prints the result of @mistakes for each of @cases, and how many are right. Return: the exit status."""
    passed = 0
    for case in cases:
        try:
            wrong = list(mistakes(case))
        except (OSError, KeyError, ValueError, subprocess.CalledProcessError) as error:
            wrong = [f'cannot be judged: {error!r}']
        for sentence in wrong:
            print(f'{case.name}: {sentence[:400]}')
        passed += not wrong
    print(f'corpus {kind}: {passed}/{len(cases)}')
    return 0 if passed == len(cases) else 1
