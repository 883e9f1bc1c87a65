# SPDX-License-Identifier: BSD-2-Clause
"""Serial port and keyboard by interrupt: what is typed arrives, and between keys the machine sleeps."""
import os
import re
import time

import pytest
from conftest import wait_until

PROMPT = r'^ashlar> '
SECONDS = 60
IDLE_SECONDS = 3

# The interrupt controllers in use: I/O APIC, the pair of 8259s behind a local APIC, and those alone.
PCS = {
    'ioapic': {'machine': 'pc'},
    'noioapic': {'machine': 'pc', 'cmdline': 'noioapic'},
    'no-apic': {'machine': 'pc', 'cpu': 'max,-apic'},
}
MACHINES = {**PCS, 'q35': {'machine': 'q35'}, 'microvm': {'machine': 'microvm'}}


def parametrized(machines):
    return pytest.mark.parametrize(
        'machine', [pytest.param(words, id=name) for name, words in machines.items()]
    )


@pytest.fixture
def at_prompt(start):
    """at_prompt(machine words): a session that has shown its first prompt."""

    def start_machine(words):
        session = start(boot='kernel', qmp=True, **words)
        session.expect(PROMPT, SECONDS)
        return session

    return start_machine


def answer_to(session, line):
    session.type(f'{line}\n')
    before = session.cursor
    session.expect(PROMPT, SECONDS)
    return session.log().decode().replace('\r\n', '\n')[before : session.cursor]


def interrupts_of(session, name):
    """The number that the monitor prints for a device."""
    text = answer_to(session, 'irqs')
    match = re.search(rf'^GSI \d+ .* (\d+)  {name}\b', text, re.MULTILINE)
    assert match, text
    return int(match[1])


def press(session, *keys):
    for key in keys:
        session.press(key)


def cpu_seconds(process):
    """What a process has used so far, in its own code and in its host's kernel."""
    with open(f'/proc/{process.pid}/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def expect_nothing_is_polled(session):
    assert ' polled: ' not in session.log().decode()


@parametrized(MACHINES)
def test_the_serial_port_interrupts(at_prompt, machine):
    session = at_prompt(machine)
    expect_nothing_is_polled(session)
    before = interrupts_of(session, 'serial')
    assert 'print the verdict' in answer_to(session, 'help exit')
    # Each character that was typed, and more for what was printed.
    assert interrupts_of(session, 'serial') > before + len('help exit\n')


@pytest.mark.parametrize(
    'name, controller', [('ioapic', 'ioapic'), ('noioapic', '8259'), ('no-apic', '8259')]
)
def test_each_machine_uses_its_intended_controller(at_prompt, name, controller):
    text = answer_to(at_prompt(PCS[name]), 'irqs')
    assert re.findall(r'^GSI \d+ +(\S+) .*  (?:serial|keyboard)', text, re.MULTILINE) == [
        controller,
        controller,
    ], text


@parametrized(PCS)
def test_each_keyboard_byte_interrupts(at_prompt, machine):
    session = at_prompt(machine)
    before = interrupts_of(session, 'keyboard')
    press(session, *'abcdef', 'ctrl', 'caps_lock', 'caps_lock')
    answer_to(session, '\x15')
    # Presses and releases: two bytes and more for each key. An interrupt may bring several.
    assert interrupts_of(session, 'keyboard') >= before + 9
    press(session, *'help', 'spc', *'exit', 'ret')
    session.expect('print the verdict', SECONDS)


@parametrized(
    {
        **MACHINES,
        '64-cpus': {'smp': '64'},
        '255-cpus': {'smp': '255'},
        'some-offline': {'smp': '16', 'cmdline': 'run="cpus off 8-15"'},
    }
)
def test_an_idle_prompt_uses_no_cpu(at_prompt, machine):
    session = at_prompt(machine)
    answer_to(session, 'help exit')

    def used_while_idle():
        before = cpu_seconds(session.process)
        time.sleep(IDLE_SECONDS)
        return cpu_seconds(session.process) - before

    # QEMU has work of its own while a machine starts.
    wait_until(used_while_idle, lambda seconds: seconds < IDLE_SECONDS * 0.2)
    # And it has not fallen asleep for good.
    assert 'print the verdict' in answer_to(session, 'help exit')


@parametrized(MACHINES)
def test_a_long_paste_arrives_whole_and_in_order(at_prompt, machine):
    session = at_prompt(machine)
    words = [f'x{number:05}' for number in range(500)]
    session.type(''.join(f'{word}\n' for word in words))
    session.expect(f'^{words[-1]}: no such command', SECONDS)
    answered = re.findall(
        r'^(\S+): no such command', session.log().decode().replace('\r\n', '\n'), re.MULTILINE
    )
    assert answered == words


@pytest.mark.parametrize('name', ['serial', 'keyboard'])
def test_a_device_whose_line_is_masked_in_a_storm_is_polled(at_prompt, name):
    """Its interrupts do not end a halt any more, and each key is still seen."""
    session = at_prompt(PCS['ioapic'])
    session.type(f'storm {name}\n')
    session.expect(r'unhandled, masked: check its devices$', SECONDS)
    session.expect(r' polled: its interrupt line is masked$', SECONDS)
    if name == 'keyboard':
        press(session, *'exit', 'ret')
    else:
        session.type('exit\n')
    outcome = session.wait(SECONDS)
    assert outcome.verdict == 'pass', outcome.words


@pytest.mark.parametrize('name', ['serial', 'keyboard'])
def test_a_key_of_a_device_whose_line_is_masked_ends_watch(at_prompt, name):
    """The line is masked by the command that is watched."""
    session = at_prompt(PCS['ioapic'])
    session.type(f'watch storm {name}\n')
    session.expect(r'^every 1 s; any key ends it$', SECONDS)
    session.expect(r' polled: its interrupt line is masked$', SECONDS)
    if name == 'keyboard':
        press(session, 'a')
    else:
        session.type('a')
    session.expect(PROMPT, SECONDS)
