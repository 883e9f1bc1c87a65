# SPDX-License-Identifier: BSD-2-Clause
"""Clones of this tree, for tests that change one."""
import subprocess

from ashlar import ROOT


def clone_with_changes(folder, *options):
    """A clone of this tree as it is, with uncommitted changes, and new files if they are in the index; its index has them.

    options -- of git clone
    """
    subprocess.run(['git', 'clone', '-q', *options, str(ROOT), str(folder)], check=True)
    changes = subprocess.run(
        ['git', 'diff', '--binary', 'HEAD'], cwd=ROOT, capture_output=True, check=True
    ).stdout
    if changes:
        subprocess.run(['git', 'apply', '--index'], cwd=folder, input=changes, check=True)
    for name, value in ('user.name', 'test'), ('user.email', 'test@localhost'):
        subprocess.run(['git', 'config', name, value], cwd=folder, check=True)
