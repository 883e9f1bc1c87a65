# SPDX-License-Identifier: BSD-2-Clause
"""Time-stamp counters of several CPUs that do not agree, made so by `skew`: docs/clocks.md."""
import re

import pytest
from conftest import wait_until

HANG_SECONDS = 120
PROMPT = r'^ashlar> '
# In ticks; at any rate more than the comparison takes, and less than the machine has been running for makes no difference.
FAR = 10**11
SEEN = re.compile(r"CPU (\d+): TSC is (ahead of|behind) CPU (\d+)'s by (\d+) ns or more")
NO_CLOCK = 'no other clocksource: times of different CPUs may differ'


def check_seen(outcome, odd):
    """All that was complained about is CPU @odd's counter, and by how much."""
    facts = outcome.stream.fact('time')
    seen = [match.groups() for line in outcome.stream.lines if (match := SEEN.search(line))]
    assert seen, outcome.stream.lines
    assert all(str(odd) in (cpu, other) for cpu, _, other, _ in seen), seen
    # The rate may have become a better one since the line.
    assert facts['disagreement_ns'] == pytest.approx(max(int(ns) for *_, ns in seen), rel=0.001)
    # Never more than it is, but for the rate's rounding.
    assert 0.5 < facts['disagreement_ns'] / (FAR * 1e9 / facts['tsc_hz']) < 1.001
    return facts


@pytest.mark.parametrize(
    'skew, odd',
    [
        (f'together {FAR} 2', 2),
        (f'together {FAR} 0', 0),
        (f'together {FAR} 0 1 3', 2),
        # Also when no two CPUs are at it together: the last and the first one are compared with CPU 0.
        (f'up {FAR} 3', 3),
        (f'down {FAR} 0 1 2', 3),
    ],
)
def test_an_unsynchronized_tsc_is_reported_and_not_used_as_clocksource(skew, odd, boot):
    outcome = boot(f'skew {skew}; report time; test time*; test smp*; exit', boot='kernel', smp='4')
    assert outcome.verdict == 'pass', outcome.words
    assert check_seen(outcome, odd)['clock'] == 'hpet'
    assert sum('clocksource is now hpet' in line for line in outcome.stream.lines) == 1


def test_a_noninvariant_tsc_is_checked_again_periodically(boot):
    """It changes after the check, and no check is requested: a CPU that finds itself behind marks the TSC unstable."""
    # First timers on all CPUs, then more on the BSP. A CPU that comes online requests a check: after them.
    outcome = boot(
        f'skew later {FAR} 2; test smp.every_cpu_has_timers; test timer.*; test smp*; report time; test time*; exit',
        boot='kernel',
        smp='4',
    )
    assert outcome.verdict == 'pass', outcome.words
    assert any('TSC is not invariant' in line for line in outcome.stream.lines)
    assert (
        sum('clock: TSC unstable: CPU' in line and "behind CPU 2's" in line for line in outcome.stream.lines)
        == 1
    )
    assert sum('clocksource is now hpet' in line for line in outcome.stream.lines) == 1
    assert outcome.stream.fact('time')['clock'] == 'hpet'


def test_a_noninvariant_tsc_is_checked_again_at_the_prompt(start):
    """The CPU that is ahead sleeps, without a timer: it is compared only when the check wakes it."""
    session = start(boot='kernel', smp='4', cpu='max,-tsc-adjust', cmdline='mcepoll=0')
    session.expect(PROMPT, HANG_SECONDS)
    session.type(f'skew later {FAR} 3\r')

    def log_after_input():
        session.type('\r')  # input runs the check, if the last one was a second ago
        return session.log()

    wait_until(log_after_input, lambda log: b'TSCs not synchronized' in log)
    session.type('report -j time; exit\r')
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any('TSCs not synchronized: ' in line for line in outcome.stream.lines)
    assert outcome.stream.fact('time')['clock'] == 'hpet'


def test_at_most_eight_unsynchronized_cpus_are_listed(boot):
    """Each odd CPU finds itself behind the even one before it."""
    outcome = boot(
        f"skew up {FAR} {' '.join(map(str, range(0, 24, 2)))}; report time; exit", boot='kernel', smp='24'
    )
    assert outcome.verdict == 'pass', outcome.words
    seen = [match.groups()[:3] for line in outcome.stream.lines if (match := SEEN.search(line))]
    assert seen == [(str(cpu), 'behind', str(cpu - 1)) for cpu in range(1, 17, 2)]
    assert (
        sum(
            'not synchronized: 12 of 24 CPUs are behind others, by up to' in line
            for line in outcome.stream.lines
        )
        == 1
    )


@pytest.mark.parametrize(
    'words, clock',
    [
        (dict(machine='pc', smp='4,sockets=4', extra=('-machine', 'pc,acpi=off')), 'pit'),
        (dict(machine='microvm', smp='4', extra=('-machine', 'microvm,pit=off,pic=off')), 'tsc'),
        (dict(smp='4', cmdline='notsc'), 'hpet'),
    ],
    ids=['pit', 'none', 'notsc'],
)
def test_the_tsc_is_replaced_by_any_other_clocksource(words, clock, boot):
    outcome = boot(f'skew together {FAR} 1; report time; test smp*; exit', boot='kernel', **words)
    facts = check_seen(outcome, 1)
    assert facts['clock'] == clock
    assert any(NO_CLOCK in line for line in outcome.stream.lines) == (clock == 'tsc')
    assert any('clocksource is now' in line for line in outcome.stream.lines) == (clock != 'tsc')


@pytest.mark.parametrize(
    'smp, facts', [('1', {}), ('4', {'disagreement_ns': 0}), ('24', {'disagreement_ns': 0})]
)
def test_synchronized_counters_are_left_alone(smp, facts, boot):
    outcome = boot('skew together; skew up; skew down; report time; exit', boot='kernel', smp=smp)
    assert outcome.verdict == 'pass', outcome.words
    told = outcome.stream.fact('time')
    assert told['clock'] == 'tsc'
    assert {name: value for name, value in told.items() if name == 'disagreement_ns'} == facts
    assert not any(SEEN.search(line) for line in outcome.stream.lines)
