# SPDX-License-Identifier: BSD-2-Clause
"""`help`, against the sources, docs/monitor.md and the commands themselves: each example that is harmless is run."""
import re

import pytest

from conftest import HANG_SECONDS, ROOT

ROWS, COLUMNS = 24, 80
REGISTRATION = re.compile(r'^COMMAND(?:_WITH_WORDS|_LIST)?\(\s*(\w+),\s.*?\);$', re.MULTILINE | re.DOTALL)
# Examples that end the run, break the machine, or need a machine that is broken.
NOT_RUN = {'crash', 'exit', 'late', 'lose', 'misuse', 'reboot', 'sleep', 'storm'}
# What must be done before an example, and undone after it.
AROUND = {'cpus': ('', 'cpus on 1'), 'release': ('hold 1 60000 on', '')}


def member(text, name):
    """A member of a registration: its text, in one piece."""
    match = re.search(rf'\.{name} = ((?:"(?:[^"\\]|\\.)*"\s*)+|\w+)', text)
    return ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[1])) if '"' in match[1] else match[1]


def registered():
    """Each command's registration in the sources, by name."""
    paths = [*ROOT.glob('kernel64/**/*.c'), *ROOT.glob('tests/self/*.c')]
    found = [match for path in paths for match in REGISTRATION.finditer(path.read_text())]
    return {match[1]: match[0] for match in found}


def printed(outcome):
    lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
    return lines[:-1] if lines[-1] == '' else lines


@pytest.fixture
def lines_of(boot):
    """lines_of(commands, ...): what a machine prints for these commands, all of which succeed."""

    def run(commands, **words):
        outcome = boot('; '.join([*commands, 'exit']), boot='kernel', **words)
        assert outcome.verdict == 'pass', (outcome.words, printed(outcome))
        return printed(outcome)

    return run


def groups_of(lines):
    """The groups that `help` printed, each with the names of its commands."""
    groups = {}
    for line in lines[: lines.index('')]:
        if match := re.fullmatch(r'([a-z]+) +(\S.*)', line):
            names = groups.setdefault(match[1], [])
        else:
            names += line.split()
    return groups


def details_of(lines, names):
    """What `help COMMAND` printed for each: {name: {field: text}}; fields that go on in a further row are joined."""
    details = {}
    for line in lines:
        if (match := re.match(r'(\w+)(?: |$)', line)) and match[1] in names and match[1] not in details:
            fields = details[match[1]] = {'help': ''}
            last = 'help'
        elif match := re.fullmatch(r'    (example|alias|see also|group) +(\S.*)', line):
            last = match[1]
            fields[last] = match[2]
        else:
            fields[last] = f'{fields[last]} {line.strip()}'.strip()
    return details


def test_help_fits_one_screen_and_has_each_command_in_its_group(lines_of):
    lines = lines_of(['help'])
    assert len(lines) < ROWS and all(len(line) < COLUMNS for line in lines), lines
    assert all(any(key in line for line in lines) for key in ('Tab', 'Ctrl-C', 'Shift-Page Up'))
    groups, sources = groups_of(lines), registered()
    assert not groups.keys() & sources.keys()
    wanted = {}
    for name, text in sorted(sources.items()):
        wanted.setdefault(member(text, 'group').removeprefix('GROUP_').lower(), []).append(name)
    assert groups == wanted
    page = (ROOT / 'docs/monitor.md').read_text()
    documented = re.findall(r'^\| (\w+) \| ((?:`\w+`,? ?)+)\|', page, re.MULTILINE)
    assert [(group, re.findall(r'`(\w+)`', names)) for group, names in documented] == list(groups.items())


def test_help_has_a_line_for_each_command_of_a_group_and_of_all(lines_of):
    groups = groups_of(lines_of(['help']))
    lines = lines_of(['help Memory', 'help all'])
    assert all(len(line) < COLUMNS for line in lines), lines
    headlines = [line.split(':')[0] for line in lines if not line.startswith(' ')]
    assert headlines == ['memory', *groups]
    rows = [match[1] for line in lines if (match := re.match(r'  (\w+)', line))]
    assert rows == groups['memory'] + [name for names in groups.values() for name in names]


def test_each_command_has_an_example_that_works_and_knows_related_ones(lines_of):
    sources = registered()
    names = sorted(sources)
    # run= has a limit.
    lines = [line for part in (names[::2], names[1::2]) for line in lines_of(f'help {name}' for name in part)]
    assert all(len(line) < COLUMNS for line in lines), lines
    details = details_of(lines, names)
    assert details.keys() == sources.keys()
    for name, fields in details.items():
        text = sources[name]
        assert fields['help'] == member(text, 'help')
        assert fields['example'] == member(text, 'example') and fields['example'].split()[0] == name
        assert fields['group'] == member(text, 'group').removeprefix('GROUP_').lower()
        # `help` leaves out names that the build does not have; this build has all.
        related = member(text, 'see_also').split()
        assert fields['see also'].split(', ') == related and name not in related, name
        assert set(related) <= set(names), name

    wanted = [name for name in names if name not in NOT_RUN]
    for part in (wanted[::2], wanted[1::2]):
        around = [(*AROUND.get(name, ('', '')), details[name]['example']) for name in part]
        lines_of(
            (command for before, after, example in around for command in (before, example, after) if command),
            smp='4',
            timeout=2 * HANG_SECONDS,
        )


def test_an_unknown_word_is_named_with_the_nearest(boot):
    outcome = boot('help memroy; help wlak; help qqqqqq; help walk peek; exit', boot='kernel')
    lines = printed(outcome)
    assert lines == [
        "'memroy' is not a command or a group; did you mean memory: 'help' lists them",
        'usage: help [COMMAND|GROUP|all]',
        "'wlak' is not a command or a group; did you mean walk: 'help' lists them",
        'usage: help [COMMAND|GROUP|all]',
        "'qqqqqq' is not a command or a group: 'help' lists them",
        'usage: help [COMMAND|GROUP|all]',
        "unexpected argument 'peek'",
        'usage: help [COMMAND|GROUP|all]',
    ]
    assert outcome.stream.fact('verdict')['failed_commands'] == ['help'] * 4
