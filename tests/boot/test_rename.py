# SPDX-License-Identifier: BSD-2-Clause
"""scripts/rename: a renamed tree has no trace of the old name, builds, boots, and keeps its own checks."""
import json
import subprocess

import pytest

from ashlar import ROOT
from clones import clone_with_changes

NEW = 'basalt'  # as long as the old name: no line grows beyond the limit
KEPT = {'LICENSE'}
OLD = 'ash' + 'lar'  # not renamed with this file
BUILD_AND_BOOT_SECONDS = 1800


def run(tree, *words, **more):
    return subprocess.run(words, cwd=tree, capture_output=True, text=True, **more)


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """A clone of this tree as it is, uncommitted changes and new files included, renamed."""
    tree = tmp_path_factory.mktemp('renamed') / 'tree'
    clone_with_changes(tree, '--no-hardlinks')
    subprocess.run(['git', 'commit', '-q', '--allow-empty', '-m', 'test: changes'], cwd=tree, check=True)
    done = run(tree, 'scripts/rename', NEW)
    assert done.returncode == 0, done.stderr
    return tree


def test_the_old_name_is_left_nowhere_but_in_the_license(tree):
    listing = run(tree, 'git', 'grep', '-il', OLD).stdout.split()
    assert set(listing) == KEPT
    assert not [name for name in run(tree, 'git', 'ls-files').stdout.split() if OLD in name.lower()]


def test_the_renamed_tree_keeps_the_rules_of_its_own_checks(tree):
    done = run(tree, 'scripts/check/format', '--fix')
    assert done.returncode == 0, done.stdout
    run(tree, 'git', 'add', '--update')
    for check in ('walls', 'words', 'listed', 'address-map', 'messages', 'sizes'):
        done = run(tree, f'scripts/check/{check}')
        assert done.returncode == 0, f'{check}: {done.stdout}'


def test_the_renamed_tree_builds_and_boots(tree):
    done = run(
        tree,
        *('scripts/run', '--boot', 'kernel', '--cmdline', 'run="test traps.*; exit"'),
        stdin=subprocess.DEVNULL,
        timeout=BUILD_AND_BOOT_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if f'@{NEW} ' in line]
    verdict = json.loads(lines[-1].split(f'@{NEW} ')[1])
    assert verdict['status'] == 'pass' and verdict['passed'] > 0


@pytest.mark.parametrize('name', ['', 'Upper', 'a', 'with-dash', '9lives', 'x' * 17])
def test_a_name_that_is_no_identifier_is_refused(name):
    done = run(ROOT, 'scripts/rename', name)
    assert done.returncode == 1
    assert 'NEW is 2 to 16 lower-case letters and digits' in done.stderr


def test_the_same_name_is_refused():
    done = run(ROOT, 'scripts/rename', 'ashlar')
    assert done.returncode == 1
    assert 'ashlar is the name already' in done.stderr


def test_a_tree_with_changes_is_refused(tree, tmp_path):
    clone = tmp_path / 'clone'
    subprocess.run(['git', 'clone', '-q', str(ROOT), str(clone)], check=True)
    (clone / 'README.md').write_text('changed\n')
    if not (clone / 'scripts/rename').exists():
        pytest.skip('scripts/rename is not committed yet')
    done = run(clone, 'scripts/rename', NEW)
    assert done.returncode == 1 and 'not committed' in done.stderr
    assert (clone / 'README.md').read_text() == 'changed\n'
