# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check/all. No machine boots here."""
import subprocess

from ashlar import ROOT, checks


def test_all_checks_are_run_by_one_command():
    done = subprocess.run([ROOT / 'scripts/check/all', '--help'], capture_output=True, text=True)
    assert done.returncode == 0 and 'every check' in done.stdout
    names = {path.name for path in checks.programs()}
    assert {'words', 'walls', 'format', 'listed'} <= names and not names & {'all', 'image'}
