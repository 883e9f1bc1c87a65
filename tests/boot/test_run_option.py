# SPDX-License-Identifier: BSD-2-Clause
"""run= always ends in a verdict: also where it cannot be run, and where the machine restarts under it."""
import subprocess

import pytest

from ashlar import ROOT


@pytest.mark.parametrize(
    'commands, words',
    [
        ('cpus; ' * 200 + 'exit', 'run= ignored: longer than 1023 bytes'),
        ('log; ' * 500 + 'exit', 'run= ignored: longer than 1023 bytes'),
        # Commands after an open quote, or after too many words, are not run, the exit included.
        ("cpus; peek 'exit", 'unclosed quote'),
        ('cpus; peek ' + 'x ' * 20 + '; exit', 'more than 16 words'),
        ('cpus; help |; exit', "a '|' is followed by one word"),
    ],
    ids=['long', 'very-long', 'quote', 'words', 'filter'],
)
def test_an_invalid_run_option_ends_in_a_verdict(commands, words, boot):
    outcome = boot(commands, boot='kernel')
    assert outcome.verdict == 'fail' and outcome.exit_status == 35, outcome.words
    assert any(words in line for line in outcome.stream.lines)


def test_a_machine_that_reboots_under_run_is_stopped_and_reported(boot):
    outcome = boot('crash reset; exit', boot='kernel')
    assert outcome.verdict == 'no verdict', outcome.words
    assert any('the machine restarted by itself' in words for words in outcome.complaints), outcome.words


def test_a_requested_reboot_is_not_reported(boot):
    outcome = boot('reboot', boot='kernel')
    assert outcome.verdict == 'no verdict' and not outcome.complaints, outcome.words
    assert outcome.stream.of_type('reboot')


def test_scripts_run_stops_a_machine_that_reboots():
    done = subprocess.run(
        [
            str(ROOT / 'scripts/run'),
            '--boot',
            'kernel',
            '--build',
            str(ROOT / 'build-test/gcc-O2-checked'),
            '--cmdline',
            'run="crash reset; exit"',
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5, done.stderr
    assert 'the machine restarted by itself' in done.stderr


@pytest.mark.parametrize('watches', [2, 6])
@pytest.mark.parametrize('build_name', ['gcc-O2-checked', 'gcc-O0'])
def test_watch_does_not_watch_itself(watches, build_name, boot):
    """It would run on the same stack until that overflows."""
    outcome = boot('watch ' * watches + 'cpus; exit', boot='kernel', build_name=build_name)
    assert outcome.verdict == 'fail', outcome.words
    assert any('watch cannot be watched' in line for line in outcome.stream.lines)
