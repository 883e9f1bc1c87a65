# SPDX-License-Identifier: BSD-2-Clause
"""CPUs that do not respond, or are busy: docs/smp.md. The commands `hold`, `release` and `lose` of
tests/self/hold_command.c make them so."""
import re

import pytest
from conftest import wait_until

import gdb_script

HANG_SECONDS = 120
PROMPT = r'^ashlar> '
INTERRUPTS_ON = 1 << 9  # in RFLAGS
CALL_ONE = 'test smp.a_call_to_one*'
# For longer than a test.
LONG_MS = 3600000


@pytest.fixture
def run(boot):
    def run_commands(commands, **words):
        return boot(commands, **{'boot': 'kernel', 'timeout': HANG_SECONDS, 'smp': '2', **words})

    return run_commands


@pytest.fixture
def talk(start):
    """talk(machine words...): a machine of two CPUs that waits for commands."""

    def start_machine(**words):
        session = start(boot='kernel', smp='2', **words)
        session.expect(PROMPT, HANG_SECONDS)
        return session

    return start_machine


def reminders(stream):
    """After how many seconds CPU 1 was missed."""
    return [
        int(match[1])
        for line in stream.lines
        if (
            match := re.search(
                r'cpu\d+ smp: CPU 1 \(APIC ID 1\): no response to a cross-call for (\d+) s$', line
            )
        )
    ]


def statuses(outcome):
    return [test.status for test in outcome.stream.tests]


# --- a panic ---


def cpu_states(session):
    """Of each CPU: whether it is halted, and whether its interrupts are on."""
    registers = session.qmp('human-monitor-command', **{'command-line': 'info registers -a'})
    return [
        (halted == '1', int(flags, 16) & INTERRUPTS_ON != 0)
        for flags, halted in re.findall(r'RFL=([0-9a-f]{8}) .*HLT=(\d)', registers)
    ]


STOPPED = (True, False)
SPINNING = (False, False)


def test_a_panic_stops_a_cpu_that_has_its_interrupts_off(talk):
    session = talk(debug_exit=False, qmp=True)
    session.type(f'hold 1 {LONG_MS} off\n')
    session.expect(PROMPT, HANG_SECONDS)
    assert cpu_states(session)[1] == SPINNING
    session.type('crash panic\n')
    session.expect(r'"type":"verdict","status":"panic"', HANG_SECONDS)
    # The first polls for a key that restarts the machine.
    wait_until(lambda: cpu_states(session), lambda states: states == [SPINNING, STOPPED])
    lines = session.stream().lines
    first = next(i for i, line in enumerate(lines) if 'PANIC' in line)
    assert not any(re.match(r'\[ *\d+\.\d+\] cpu', line) for line in lines[first:])
    assert sum('PANIC' in line for line in lines) == 2  # once at the head, once more at the end


# --- calls without a response ---


def test_a_cpu_that_responds_late_is_reported(run):
    outcome = run(f'hold 1 6000 off; {CALL_ONE}; exit')
    assert outcome.verdict == 'pass', outcome.words
    assert reminders(outcome.stream)[:1] == [1]
    assert statuses(outcome) == ['pass']


def test_a_call_whose_interrupt_is_lost_is_sent_again(run):
    outcome = run(f'lose 1 2; {CALL_ONE}; exit')
    assert outcome.verdict == 'pass', outcome.words
    assert reminders(outcome.stream) == [1, 2]
    assert statuses(outcome) == ['pass']


def test_a_cpu_that_never_responds_is_a_panic_after_ten_reminders(run):
    outcome = run(f'hold 1 60000 off; {CALL_ONE}; exit')
    assert outcome.verdict == 'panic', outcome.words
    assert outcome.exit_status == 37, outcome.words
    assert reminders(outcome.stream) == list(range(1, 11))
    assert 'PANIC: smp: CPU 1 (APIC ID 1): no response to a cross-call for 10 s' in outcome.stream.lines


# --- busy ---


def cpus_now(session):
    """The numbers of the CPUs online, and of those offline."""
    session.type('report -j cpus\n')
    session.expect(r'"type":"cpus"', HANG_SECONDS)
    session.expect(PROMPT, HANG_SECONDS)
    fact = session.stream().of_type('cpus')[-1]
    return [[cpu['cpu'] for cpu in fact[which]] for which in ('online', 'offline')]


def test_a_busy_cpu_goes_offline_after_its_work(talk):
    session = talk()
    session.type(f'hold 1 {LONG_MS} on; cpus off 1\n')
    session.expect(r'^CPU 1: busy; offline when its work is done$', HANG_SECONDS)
    session.expect(PROMPT, HANG_SECONDS)
    assert cpus_now(session) == [[0, 1], []]
    session.type('release\n')
    session.expect(PROMPT, HANG_SECONDS)
    wait_until(lambda: cpus_now(session), lambda cpus: cpus == [[0], [1]])
    session.type(f'cpus on 1; {CALL_ONE}\n')
    session.expect(r'^ok 1 smp\.a_call_to_one', HANG_SECONDS)
    assert cpus_now(session) == [[0, 1], []]
    # With interrupts on it responds, however busy it is.
    assert reminders(session.stream()) == []


# --- slow ---


def test_a_cpu_that_has_arrived_is_waited_for_until_it_is_online(start, build):
    """A hypervisor may halt it just after it has decided to go online, for longer than the starter's timeout."""
    session = start(
        extra=gdb_script.WAITING,
        boot='kernel',
        smp='2',
        cmdline='run="report cpus; test smp.*; exit"',
    )
    # On its way to idle_init_cpu() the CPU calls timer_spin_ns() first.
    commands = [
        'hbreak *(unsigned long)&idle_init_cpu',
        'continue',
        'set $rsp = $rsp - 8',
        'set {unsigned long}$rsp = (unsigned long)&idle_init_cpu',
        'set $rdi = 10000000000',
        'set $rip = (unsigned long)&timer_spin_ns',
        'delete',
        'detach',
    ]
    gdb_script.execute(session, build().path('kernel64/kernel64'), commands)
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any(re.search(r'smp: 2 of 2 CPUs online', line) for line in outcome.stream.lines)
    fact = outcome.stream.fact('cpus')
    assert [cpu['cpu'] for cpu in fact['online']] == [0, 1]
    assert fact['online'][1]['us'] - fact['online'][1]['kernel_us'] > 9000000
