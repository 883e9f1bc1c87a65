# SPDX-License-Identifier: BSD-2-Clause
"""What a command says of a word that is wrong: the word, and what would be right."""
import re

import pytest

from conftest import HANG_SECONDS
from test_help import member, registered

ADDRESS = "is not an address: a number, P0x... for a physical one, or a function's name"
WIDTH = 'is not a width: 1, 2, 4 or 8 bytes'
FAILED_MAX = 16  # that a verdict names
SURPLUS = "unexpected argument 'surplus'"
# What is typed (with 2 CPUs), and how the message goes on after the word in brackets. A word in brackets stands for itself.
WRONG = [
    ('acpi [NONE]', "is not a table of this machine: 'acpi' lists them"),
    ('acpi dump [NONE]', "is not a table of this machine: 'acpi' lists them"),
    ('acpi APIC surplus', SURPLUS),
    ('bench [none*]', 'is not a benchmark: Tab lists them'),
    ('bench none surplus', SURPLUS),
    ('cpuid [x]', 'is not a leaf: a number, 0 to 0xffffffff, decimal or after 0x'),
    ('cpuid 7 [0x100000000]', 'is not a subleaf: a number, 0 to 0xffffffff'),
    ('cpus [away] 1', 'is not off or on'),
    ('cpus off', "an argument is missing after 'off'"),
    ('cpus off [1-]', 'is not a list of CPUs, such as 1-3,5'),
    ('cpus off [2]', 'is not a list of CPUs: they are numbered 0 to 1'),
    ('crash [none]', 'is not a kind of fault:'),
    ('dmi [none]', 'is not a type: a number, 0 to 255, firmware, system, board, chassis, processor, '),
    ('dmi [256]', 'is not a type: a number, 0 to 255, '),
    ('dmi [200]', "is not in the SMBIOS table of this machine: 'dmi' shows what is"),
    ('help [memroy]', "is not a command or a group; did you mean memory: 'help' lists them"),
    ('hold [2] 1 on', 'is not a CPU to hold: a number, 1 to 1'),
    ('hold 1 [-5] on', 'is not a time in ms: a number, 0 to 0x5265c00, decimal or after 0x'),
    ('hold 1 1 [x]', 'is not off, on or lock'),
    ('in [0x10000]', 'is not a port: a number, 0 to 65535'),
    ('in 0x80 [8]', 'is not a width: 1, 2 or 4 bytes'),
    ('late [x]', 'is not an APIC ID: '),
    ('keymap [xx]', "is not a layout: 'keymap' lists them"),
    ('log warn surplus', SURPLUS),
    ('lose [2] 1', 'is not a CPU: a number, 0 to 1'),
    ('lose 1 [0]', 'is not a count: a number, 1 to '),
    ('map [efii]', 'is not all, e820, efi, kernel or picture'),
    ('memtest [bogus]', 'is not all, progress, passes=N, fade=SECONDS, a size of 4K or more, or a pattern'),
    ('memtest [64]', 'is not all, '),
    ('memtest passes=[0]', 'is not a number of passes: a number, 1 to 0xffffffff'),
    ('memtest fade=[86401]', 'is not a time in seconds: a number, 0 to 86400'),
    ('misuse [none]', 'is not a kind of misuse'),
    ('msr [x]', "is not a register's number: a number, 0 to 0xffffffff, decimal or after 0x"),
    ('msr 0x10 [y]', 'is not a value: '),
    ('out [x] 1', 'is not a port: '),
    ('out 0x80 [0x100]', 'is not a value of 1 byte: a number, 0 to 255'),
    ('out 0x80 1 [3]', 'is not a width: 1, 2 or 4 bytes'),
    ('peek', "an argument is missing after 'peek'"),
    ('peek [no_such_function]', ADDRESS),
    ('peek [P0xg]', ADDRESS),
    ('peek 0 [0]', 'is not a count of bytes: a number, 1 to 65536'),
    ('peek 0 8 [3]', WIDTH),
    ('peek [0xfffffffffffffff8] 64', 'is not an address with 64 bytes from it on'),
    ('plant [64] 1', 'is not a bit: a number, 0 to 63'),
    ('plant 1 [2]', "is not a bit's value: a number, 0 to 1"),
    ('poke [x] 1', ADDRESS),
    ('poke 0 [0x10000] 2', 'is not a value of 2 bytes: a number, 0 to 65535'),
    ('poke 0 1 [0]', WIDTH),
    ('poke 0', "an argument is missing after '0'"),
    ('report [none]', "is not an object of the report: Tab lists them, 'report' prints all"),
    ('save [there]', 'is not screen or serial'),
    ('skew [sideways]', 'is not together, up, down or later'),
    ('skew up 1 [2]', 'is not a CPU: a number, 0 to 1'),
    ('sleep [0]', 'is not a CPU to sleep: a number, 1 to 1'),
    ('storm [none]', "is not the name of an interrupt: 'irqs' lists them"),
    ('test none', "no self-test named none; 'test -l' lists them"),
    ('test -l none surplus', SURPLUS),
    ('wait [sti] 1', 'is not hlt or mwait'),
    ('wait hlt [x]', 'is not a count: '),
    ('walk [no_such_function]', ADDRESS),
    ('walk 0 surplus', SURPLUS),
    ('watch', "an argument is missing after 'watch'"),
    ('watch [nosuch] 1', "is not a command: 'help' lists them"),
]


@pytest.fixture
def answers(boot):
    """answers(commands): the lines that machines print for each command; all fail."""

    def run(commands):
        if len(commands) > FAILED_MAX:
            return run(commands[:FAILED_MAX]) + run(commands[FAILED_MAX:])
        # A line between two answers: the version of a command that always works.
        line = '; '.join(f'{command}; clock | counters' for command in commands)
        outcome = boot(f'{line}; exit', boot='kernel', smp='2', timeout=HANG_SECONDS)
        failed = outcome.stream.fact('verdict')['failed_commands']
        assert failed == [command.split()[0] for command in commands], outcome.words
        lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
        return [part.strip('\n').split('\n') for part in '\n'.join(lines).split('counters:')][:-1]

    return run


def test_a_wrong_word_is_named_with_what_is_right(answers):
    with_arguments = {name for name, text in registered().items() if member(text, 'arguments')}
    assert {typed.split()[0] for typed, _ in WRONG} == with_arguments
    typed = [typed.translate({ord('['): None, ord(']'): None}) for typed, _ in WRONG]
    for (marked, words), lines in zip(WRONG, answers(typed)):
        name = marked.split()[0]
        word = re.search(r'\[(.*)\]', marked)
        assert lines[0].startswith(f"'{word[1]}' {words}" if word else words), (marked, lines)
        # A command that knows what is missing has said all; one that was typed wrong shows its usage.
        assert lines[-1].startswith(f'usage: {name} ') or len(lines) == 1, lines
        assert not any(line.startswith(f'{name}: ') for line in lines), lines


def test_a_command_without_arguments_refuses_any(answers):
    names = sorted(name for name, text in registered().items() if not member(text, 'arguments'))
    for lines in answers([f'{name} surplus' for name in names]):
        assert lines[0] == SURPLUS and lines[1].startswith('usage: '), lines
