# SPDX-License-Identifier: BSD-2-Clause
"""Options of the kernel command line: `options` and docs/interfaces.md list the registered ones, and an
unknown word is reported."""
import re

import pytest

from ashlar import ROOT


def documented():
    """name: whether it takes a value, of the table in docs/interfaces.md."""
    text = (ROOT / 'docs/interfaces.md').read_text()
    table = text.split('| option | meaning |', 1)[1].split('\n\n', 1)[0]
    words = [
        word for row in table.splitlines() for word in re.findall(r'`([a-z_0-9]+=?)', row.split(' | ')[0])
    ]
    return {word.rstrip('='): word.endswith('=') for word in words}


def listed(lines):
    """name: (whether it takes a value, what was given or None), of the command's lines."""
    options, last = {}, None
    for line in lines:
        if given := re.fullmatch(r'    given: ([a-z_0-9]+)=?(.*)', line):
            assert given[1] == last
            options[last] = (options[last][0], given[2])
        elif entry := re.match(r'([a-z_0-9]+)(=\S+( \S+)?)?  +\S', line):
            last = entry[1]
            options[last] = (bool(entry[2]), None)
    return options


def test_options_match_the_documentation_and_show_their_values(boot):
    outcome = boot(
        'options; report options; exit',
        cmdline='notsc maxcpus=1 maxcpus=3 console=serial:0x3f8',
        boot='kernel',
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
    options = listed(lines)
    assert {name: takes for name, (takes, _) in options.items()} == documented()
    given = {name: value for name, (_, value) in options.items() if value is not None}
    given.pop('debugexit', None)
    run = 'options; report options; exit'
    assert given == {'run': run, 'maxcpus': '3', 'notsc': '', 'console': 'serial:0x3f8'}


def test_the_report_says_the_same_as_the_command(boot):
    outcome = boot('options; report options; exit', cmdline='notsc maxcpus=3', boot='kernel')
    lines = [line for line in outcome.stream.lines if not line.startswith(('[', '@'))]
    reported = outcome.stream.fact('options')['options']
    assert {entry['name']: (bool(entry['value']), entry.get('given')) for entry in reported} == listed(lines)
    # The command wraps long help texts.
    unwrapped = ' '.join(' '.join(lines).split())
    assert [entry['help'] for entry in reported if entry['help'] not in unwrapped] == []


def test_invalid_options_and_values_are_reported(boot):
    outcome = boot('exit', cmdline='foo maxcpu=2 loglevel=verbose debugexit=0 maxcpus=none', boot='kernel')
    log = '\n'.join(outcome.stream.lines)
    for name in ('foo', 'maxcpu'):
        assert f"options: unknown option '{name}' ignored; 'options' lists them all" in log
    assert log.count('unknown option') == 2
    assert 'options: loglevel=verbose ignored: expected error|warn|info|debug' in log
    assert 'smp: maxcpus=none: expected a number from 1 on' in log


@pytest.mark.parametrize('level, shows', [('debug', True), ('info', False)])
def test_debug_lines_are_shown_only_with_loglevel_debug(boot, level, shows):
    outcome = boot('exit', cmdline=f'loglevel={level}', boot='kernel', smp='2')
    assert outcome.verdict == 'pass', outcome.words
    log = '\n'.join(outcome.stream.lines)
    for text in (
        'acpi: FACP at ',
        'vm: local APIC at ',
        'irq: GSI 4, ioapic pin 4: handler of serial added',
        'smp: SIPI sent to 1 of 1 CPUs',
        'clock: TSC against ',
    ):
        assert (text in log) == shows, text
