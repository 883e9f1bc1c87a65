# SPDX-License-Identifier: BSD-2-Clause
"""docs/adding.md is true: its example, followed in a clone, passes the checks and the tests that the page names.

The clone is always in the same folder, so that ccache finds what it compiled there before.
"""
import os
import re
import shutil
import subprocess

import pytest

from ashlar import ROOT
from clones import clone_with_changes

PAGE = ROOT / 'docs/adding.md'
FOLDER = ROOT / 'build-test/adding'
BUILD_AND_BOOT_SECONDS = 1800
# Those of scripts/check/all that a new part can fail, and that take seconds. The others read every file of the tree, or
# compile it, and are run over the tree itself.
CHECKS = ('walls', 'contracts', 'locks', 'listed', 'messages', 'sources', 'callers', 'sizes')
C_FORMAT = 'clang-format-14'

FENCE = r'\n\n```\w*\n(.*?)```\n'
STEP = re.compile(
    rf'New file `(?P<new>[^`]+)`:{FENCE}'
    rf'|In `(?P<old>[^`]+)`, these lines{FENCE}\nbecome{FENCE}'
    r'|```sh\n(?P<commands>.*?)```\n',
    re.DOTALL,
)


def steps_of(page):
    """('new', path, text), ('replace', path, old, new), ('run', line)."""
    for match in STEP.finditer(page):
        groups = [group for group in match.groups() if group is not None]
        if match['new']:
            yield 'new', *groups
        elif match['old']:
            yield 'replace', *groups
        else:
            yield from (('run', line) for line in match['commands'].splitlines())


def apply(tree, step):
    path = tree / step[1]
    if step[0] == 'new':
        assert not path.exists(), f'{step[1]} exists already'
        path.write_text(step[2])
        return
    text = path.read_text()
    assert (
        text.count(step[2]) == 1
    ), f'{step[1]}: docs/adding.md replaces lines that are there {text.count(step[2])} times'
    path.write_text(text.replace(step[2], step[3]))


@pytest.fixture(scope='module')
def clone():
    """A clone of this tree as it is, uncommitted changes included."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tree = FOLDER / 'tree'
    clone_with_changes(tree, '--shared')
    yield tree
    shutil.rmtree(FOLDER, ignore_errors=True)


def run(tree, line):
    """A command of the page, its output in one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('PYTEST')}
    return subprocess.run(
        line,
        shell=True,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_AND_BOOT_SECONDS,
    )


def commands_for(line, new):
    """What is run for a command of the page; @new: the files that it made."""
    if line == 'scripts/check/all':
        return [f'scripts/check/{name}' for name in CHECKS]
    if line == 'scripts/check/format --fix':
        # The page is as the formatter writes it.
        sources = ' '.join(path for path in new if path.endswith(('.c', '.h')))
        scripts = ' '.join(path for path in new if path.endswith('.py'))
        c_format = [f'{C_FORMAT} --dry-run -Werror {sources}'] if shutil.which(C_FORMAT) else []
        return c_format + ([f'black --check -q {scripts}'] if shutil.which('black') else [])
    return [line]


def test_the_example_of_the_page_passes_its_checks_and_tests(clone):
    steps = list(steps_of(PAGE.read_text()))
    kinds = [step[0] for step in steps]
    assert kinds.count('new') == PAGE.read_text().count('New file `') and kinds.count('new') > 5
    assert kinds.count('replace') == PAGE.read_text().count('these lines\n')
    new = [step[1] for step in steps if step[0] == 'new']
    for step in steps:
        if step[0] != 'run':
            apply(clone, step)
            continue
        for command in commands_for(step[1], new):
            done = run(clone, command)
            assert done.returncode == 0, f'{command}\n{done.stdout[-4000:]}'
            if command.startswith('scripts/test'):
                closing = re.fullmatch(r'(\d+) passed, 0 failed, 0 skipped', done.stdout.splitlines()[-1])
                # Each claim of its unit test, and each of its boot test.
                assert int(closing[1]) >= 3, closing[0]
    subject = run(clone, 'git log -1 --format=%s').stdout.strip()
    assert subject in PAGE.read_text()
    # The commit alone, and not the tree's history.
    done = run(clone, 'scripts/check/commits .git/COMMIT_EDITMSG')
    assert done.returncode == 0, done.stdout
