# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check/all, and what all checks have in common. No machine boots here."""
import subprocess

import pytest

from ashlar import ROOT, checks


def run(*words):
    return subprocess.run([ROOT / 'scripts/check' / words[0], *words[1:]], capture_output=True, text=True)


def test_all_checks_are_run_by_one_command():
    done = run('all', '--help')
    assert done.returncode == 0 and 'every check' in done.stdout
    names = {path.name for path in checks.programs()}
    assert {'words', 'walls', 'format', 'listed'} <= names and not names & {'all', 'image'}


def test_a_check_that_fails_is_a_failure_with_its_words(monkeypatch, tmp_path):
    for name, status in ('bad', 1), ('good', 0), ('lame', 77):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} words\nexit {status}\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(checks, 'FOLDER', tmp_path)
    said = []
    monkeypatch.setattr(checks.progress, 'say', said.append)
    assert [(case.title, case.status, case.words) for case in checks.run()] == [
        ('check: bad', 'fail', 'bad words\n'),
        ('check: good', 'pass', 'good words\n'),
        ('check: lame', 'skip', 'lame words\n'),
    ]
    assert said == ['failed: check: bad\nbad words']
    # A check that lacks a tool.
    assert [case.status for case in checks.run(strict=True)] == ['fail', 'pass', 'fail']
    assert said[-1] == 'failed: check: lame\nlame words'
    assert [case.name for case in checks.run(lambda title: 'good' in title)] == ['good']


@pytest.mark.parametrize('name', [path.name for path in checks.programs()])
def test_each_check_has_help_and_refuses_what_it_cannot_read(name):
    done = run(name, '--help')
    assert done.returncode == 0 and f'scripts/check/{name}' in done.stdout, done.stderr
    done = run(name, '/nowhere')
    assert done.returncode == 2 and 'no such f' in done.stderr, done.stderr
    assert run(name, '--nonsense').returncode == 2
