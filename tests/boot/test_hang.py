# SPDX-License-Identifier: BSD-2-Clause
"""A machine that hangs is sent an NMI before it is stopped: what is said of it, and what its CPUs say."""
import re

import pytest

from ashlar import stream

from conftest import HANG_SECONDS, PROMPT

SILENT_SECONDS = 1


def report_of(cpu, text):
    """What a CPU said at the NMI: from its head to its end."""
    match = re.search(
        rf'^----\[ Ashlar \S+, cpu {cpu}, .*?^  no device reports a cause; continuing$',
        text,
        re.MULTILINE | re.DOTALL,
    )
    assert match, text
    return match[0]


def test_each_cpu_of_a_silent_machine_says_where_it_is(start):
    session = start(boot='kernel', smp='3', cmdline='run="hold 1 3600000 lock"')
    session.expect(PROMPT, HANG_SECONDS)
    outcome = session.wait(SILENT_SECONDS)
    assert outcome.verdict == 'timeout' and session.stream().verdict() == stream.NO_VERDICT
    assert 'CPUs that said at an NMI where they are: 3\n' in outcome.words
    assert outcome.words.endswith('last line: ashlar> '), outcome.words
    text = session.log().decode().replace('\r\n', '\n')
    busy, *idle = (report_of(cpu, text) for cpu in (1, 0, 2))
    held = re.findall(r'^cpu 1 holds (".*") \(.*\), class test, taken by\n    spin\+', busy, re.MULTILINE)
    assert held == ['"hold"'] and ' spin+' in busy.split('backtrace:')[1], text
    assert not any('spin+' in report or 'holds' in report for report in idle), text


def test_what_a_test_waits_for_in_vain_is_said_with_the_reports(start):
    session = start(boot='kernel', smp='2', cmdline='run="hold 1 3600000 off"')
    session.expect(PROMPT, HANG_SECONDS)
    with pytest.raises(AssertionError) as failure:
        session.expect('what it never says', SILENT_SECONDS)
    assert 'said nothing like it in 1 s; CPUs that said at an NMI where they are: 2' in str(failure.value)
    assert ' spin+' in report_of(1, str(failure.value))


def test_a_machine_that_takes_no_nmi_is_a_timeout_all_the_same(start):
    """Its CPU has not run yet."""
    outcome = start(boot='kernel', extra=('-S',)).wait(SILENT_SECONDS)
    assert outcome.verdict == 'timeout' and outcome.exit_status is None
    assert 'CPUs that said at an NMI where they are: 0\n' in outcome.words
