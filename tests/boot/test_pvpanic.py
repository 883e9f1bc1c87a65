# SPDX-License-Identifier: BSD-2-Clause
"""A panic reaches the host by the pvpanic device, and an orderly exit does not."""
import pytest

HANG_SECONDS = 120
FOUND = 'pvpanic: panics are reported to the host: port '
PANIC_STATUS = 37

# The device at the port that ACPI names; at QEMU's default where there is no ACPI.
MACHINES = {
    'q35': dict(machine='q35', extra=('-device', 'pvpanic')),
    'pc': dict(machine='pc', extra=('-device', 'pvpanic')),
    'uefi': dict(boot='iso', firmware='uefi', extra=('-device', 'pvpanic')),
    'port': dict(extra=('-device', 'pvpanic,ioport=0x610')),
    'no-acpi': dict(machine='pc', extra=('-no-acpi', '-device', 'pvpanic')),
}
PORTS = {'port': '0x610'}


def run(start, commands, name, action='none', **more):
    words = dict(boot='kernel') | MACHINES[name] | more
    extra = (*words.pop('extra'), '-action', f'panic={action}')
    session = start(cmdline=f'run="{commands}"', extra=extra, **words)
    return session.wait(HANG_SECONDS), session.event_names()


def found(outcome):
    return [line.split(FOUND)[1].split(',')[0] for line in outcome.stream.lines if FOUND in line]


@pytest.mark.parametrize('name', MACHINES)
def test_a_panic_is_reported_to_the_host_once(name, start):
    outcome, events = run(start, 'crash panic', name)
    assert found(outcome) == [PORTS.get(name, '0x505')]
    assert outcome.verdict == 'panic', outcome.words
    assert outcome.exit_status == PANIC_STATUS, outcome.words
    assert events.count('GUEST_PANICKED') == 1


@pytest.mark.parametrize('kind', ['twice', 'stack'])
def test_a_panic_inside_a_panic_and_one_on_a_small_stack_are_reported(kind, start):
    outcome, events = run(start, f'crash {kind}', 'q35')
    assert outcome.verdict == 'panic', outcome.words
    assert events.count('GUEST_PANICKED') == 1


def test_the_host_may_stop_the_machine_and_the_report_is_complete(start):
    outcome, events = run(start, 'crash panic', 'q35', action='shutdown')
    assert outcome.verdict == 'panic', outcome.words
    assert 'GUEST_PANICKED' in events
    assert '"type":"verdict"' in outcome.stream.last_line


@pytest.mark.parametrize('commands', ['exit', 'reboot'])
def test_an_orderly_exit_is_no_panic(commands, start):
    # Not through the debug-exit port, which ends QEMU without any event.
    outcome, events = run(start, commands, 'q35', debug_exit=False)
    assert found(outcome) == ['0x505']
    assert outcome.verdict == ('pass' if commands == 'exit' else 'no verdict'), outcome.words
    assert 'SHUTDOWN' in events
    assert 'GUEST_PANICKED' not in events


def test_a_machine_without_the_device_has_no_line(boot):
    outcome = boot('exit', boot='kernel')
    assert outcome.verdict == 'pass', outcome.words
    assert not found(outcome)
