# SPDX-License-Identifier: BSD-2-Clause
"""Fatal errors end properly: each `crash KIND` gives its report, its verdict and status 37."""
import re

import pytest
from conftest import wait_until

PANIC_STATUS = 37
HANG_SECONDS = 120
PROMPT = r'^ashlar> '
INTERRUPTS_ON = 1 << 9  # in RFLAGS

# What the log must contain, beside the names of the callers.
REPORTS = {
    'divide': ['EXCEPTION 0: divide error (#DE) at crash_divide+'],
    'null': [
        'EXCEPTION 14: page fault (#PF) at crash_null+',
        'error code 0x2: write to a page that is not present, by the kernel',
        'null pointer',
    ],
    'stack': [
        'EXCEPTION 8: double fault (#DF)',
        'stack overflow: the boot stack grew into its guard page',
        ': the guard page of the boot stack',
    ],
    'text': [
        'EXCEPTION 14: page fault (#PF) at crash_text+',
        'error code 0x3: write to a page that does not permit it, by the kernel',
        "the kernel's code",
    ],
    'execute': [
        'EXCEPTION 14: page fault (#PF) at',
        'error code 0x11: instruction fetch from a page that does not permit it, by the kernel',
        "code: none, rip is in the kernel's data",
    ],
    'doublefault': ['EXCEPTION 8: double fault (#DF) at crash_doublefault+'],
    'opcode': ['EXCEPTION 6: invalid opcode (#UD) at crash_opcode+', '<0f> 0b'],
    'lock': [
        'PANIC: lock "crash outer" (0xffffffff',
        ': CPU 0 takes it in crash_lock+',
        ', but holds it already',
    ],
    'panic': ['PANIC: crash panic: requested by a command'],
}


def crash(boot, kind, build_name):
    """Boots, crashes, and returns the lines of the log."""
    outcome = boot(f'crash {kind}', boot='kernel', cpu='max', build_name=build_name)
    assert outcome.verdict == 'panic', outcome.words
    assert outcome.exit_status == PANIC_STATUS, outcome.words
    verdict = outcome.stream.fact('verdict')
    assert (verdict['passed'], verdict['failed'], verdict['skipped']) == (0, 0, 0)
    check_frame(outcome.stream.lines)
    return outcome.stream.lines


def check_frame(lines):
    """CPU, kernel version, time since boot; before the backtrace no more than a screen; the cause again at the end."""
    head = next(index for index, line in enumerate(lines) if line.startswith('----['))
    assert re.fullmatch(r'----\[ Ashlar \d+\.\d+\.\d+, cpu 0, up \d+\.\d{6} s \]----', lines[head])
    backtrace = lines.index('  backtrace:')
    assert sum(max(1, -(-len(line) // 80)) for line in lines[head:backtrace]) <= 24
    cause = lines[head + 1]
    assert cause.startswith(('EXCEPTION ', 'PANIC: '))
    assert 'inside a panic' in ''.join(lines) or cause in lines[backtrace:], 'the cause is repeated'


def says(lines, words):
    return any(words in line for line in lines)


@pytest.mark.parametrize('build_name', ['gcc-O2-checked', 'gcc-O0'])
@pytest.mark.parametrize('kind', REPORTS)
def test_crash_prints_its_report(kind, build_name, boot):
    lines = crash(boot, kind, build_name)
    for words in REPORTS[kind]:
        assert says(lines, words), words
    for register in ('cr0 ', 'cr2 ', 'cr4 ', 'efer '):
        assert says(lines, f'  {register}'), register
    # From the mistake all the way back to the kernel's first function.
    backtrace = lines[lines.index('  backtrace:') :]
    assert says(backtrace, ' command_crash+')
    assert says(backtrace, ' kernel64_entry+')


def test_a_stack_overflow_is_folded(boot):
    lines = crash(boot, 'stack', 'gcc-O2-checked')
    backtrace = lines[lines.index('  backtrace:') :]
    assert sum('recurse' in line for line in backtrace) <= 3
    assert any('recurse' in line and line.endswith(' times') for line in backtrace)


def test_an_overrun_is_caught_by_the_stack_protector(boot):
    lines = crash(boot, 'overrun', 'gcc-O2-checked')
    assert says(lines, 'PANIC: stack protector: crash_overrun+')
    assert says(lines, "is not valid")


def test_a_checked_build_catches_locks_taken_out_of_order(boot):
    lines = crash(boot, 'lockorder', 'gcc-O2-checked')
    assert says(lines, 'PANIC: lock order: CPU 0 takes "crash outer" (0xffffffff')
    assert says(lines, ', class test) while it holds "crash inner" (0xffffffff')
    # Where each was taken, back to the command.
    for heading in ('  "crash inner" was taken by:', '  "crash outer" is being taken by:'):
        taken = lines.index(heading)
        assert lines[taken + 1].startswith('    crash_lockorder+'), lines[taken + 1]
        assert lines[taken + 2].startswith('    command_crash+'), lines[taken + 2]
    assert lines[lines.index('  "crash inner" was taken by:') + 1] != lines[taken + 1]


def test_an_unchecked_build_does_not_check_lock_order(boot):
    outcome = boot('crash lockorder; exit', boot='kernel', build_name='gcc-O2')
    assert any('still alive' in line for line in outcome.stream.lines)


LOCKED = '[\\w ]+ while it holds "misuse {lock}" \\(0x[0-9a-f]+, class [a-z ]+\\), but '
MISUSES = {
    'allocate': LOCKED.format(lock='plain') + 'its waiters do not poll cross-calls',
    'allocate-late': LOCKED.format(lock='late') + 'that takes a lock of a class before its own',
    'free': LOCKED.format(lock='plain') + 'its waiters do not poll cross-calls',
    'free-frame': 'frees frames while it holds "misuse device"',
    'call': 'calls other CPUs while it holds "misuse plain"',
    'unmap': LOCKED.format(lock='plain') + 'its waiters do not poll cross-calls',
    'sleep': 'sleeps while it holds "misuse polling"',
    'sleep-masked': 'sleeps with interrupts masked',
    'allocate-in-call': 'allocates or frees memory in a cross-call',
    'exit': 'calls what may wait while it holds "misuse plain"',
}


@pytest.mark.parametrize('kind', MISUSES)
def test_a_checked_build_catches_what_the_context_forbids(boot, kind):
    outcome = boot(f'misuse {kind}; exit', boot='kernel', build_name='gcc-O2-checked')
    assert outcome.verdict == 'panic', outcome.words
    lines = outcome.stream.lines
    assert any(re.match(f'PANIC: context: CPU 0 {MISUSES[kind]}', line) for line in lines), lines
    # The violation, back to the command.
    began = next(i for i, line in enumerate(lines) if re.match('  it .* in:$', line))
    assert any('command_misuse+' in line for line in lines[began : began + 6])


def test_a_checked_build_catches_interrupts_that_are_on(boot):
    outcome = boot('misuse arm-unmasked; exit', boot='kernel', build_name='gcc-O2-checked')
    assert outcome.verdict == 'panic', outcome.words
    assert any('(context: interrupts are off)' in line for line in outcome.stream.lines)
    assert any('timer_rearm+' in line for line in outcome.stream.lines)


def test_a_cross_call_takes_only_locks_after_those_that_poll(boot):
    outcome = boot('misuse lock-in-call; exit', boot='kernel', build_name='gcc-O2-checked')
    assert any(
        re.match('PANIC: lock order: CPU 0 takes "misuse polling" .* while it holds "cross-call"', line)
        for line in outcome.stream.lines
    )


def test_what_the_context_allows_is_not_caught(boot):
    outcome = boot('misuse nothing; exit', boot='kernel', build_name='gcc-O2-checked')
    assert outcome.verdict == 'pass' and 'misuse nothing: not detected' in outcome.stream.lines


def test_an_unchecked_build_does_not_check_the_context(boot):
    kinds = [kind for kind in MISUSES if kind != 'exit']
    outcome = boot(
        '; '.join(f'misuse {kind}' for kind in kinds) + '; exit', boot='kernel', build_name='gcc-O2'
    )
    assert outcome.verdict == 'pass', outcome.words
    assert all(f'misuse {kind}: not detected' in outcome.stream.lines for kind in kinds)


def test_a_checked_build_catches_per_cpu_access_by_a_movable_caller(boot):
    lines = crash(boot, 'percpu', 'gcc-O2-checked')
    assert says(lines, 'PANIC: per-CPU data: used with interrupts on by code that may migrate')
    assert says(lines, 'crash_percpu+')


def test_an_unchecked_build_has_no_per_cpu_check(boot):
    outcome = boot('crash percpu; exit', boot='kernel', build_name='gcc-O2')
    assert any('still alive' in line for line in outcome.stream.lines)


def test_a_fault_inside_a_panic_is_one_line(boot):
    lines = crash(boot, 'twice', 'gcc-O2-checked')
    assert says(lines, 'PANIC: crash twice')
    assert says(lines, 'PANIC inside a panic: EXCEPTION 14: page fault (#PF) at crash_null+')
    assert sum(line == '  backtrace:' for line in lines) == 1


# --- of several CPUs ---


@pytest.mark.parametrize('kind', ['divide', 'panic', 'stack', 'doublefault', 'null'])
def test_one_cpu_alone_reports_a_panic(kind, boot):
    """The others are stopped: between the report's first line and the verdict no other CPU prints anything."""
    outcome = boot(f'crash {kind}', boot='kernel', smp='4')
    assert outcome.verdict == 'panic', outcome.words
    assert outcome.exit_status == PANIC_STATUS, outcome.words
    lines = outcome.stream.lines
    first = next(i for i, line in enumerate(lines) if re.search(r'PANIC|EXCEPTION', line))
    last = next(i for i, line in enumerate(lines) if '"type":"verdict"' in line)
    assert not any(re.match(r'\[ *\d+\.\d+\] cpu[1-9]', line) for line in lines[first:])
    # Once at the head, and once more at the end.
    causes = [line for line in lines if re.search(r'PANIC|EXCEPTION', line)]
    assert len(causes) == 2 and causes[0] == causes[1]
    assert sum(line == '  backtrace:' for line in lines[first:last]) == 1


def test_a_panic_stops_all_cpus(start):
    """Permanently: halted, and no interrupt wakes them. The first one, whose prompt it was, polls for a key."""
    session = start(boot='kernel', smp='4', debug_exit=False, qmp=True)
    session.expect(PROMPT, HANG_SECONDS)
    session.type('crash panic\n')
    session.expect(r'"type":"verdict","status":"panic"', HANG_SECONDS)

    def flags_and_halted():
        registers = session.qmp('human-monitor-command', **{'command-line': 'info registers -a'})
        return re.findall(r'RFL=([0-9a-f]{8}) .*HLT=(\d)', registers)

    cpus = wait_until(flags_and_halted, lambda cpus: all(halted == '1' for _, halted in cpus[1:]))
    assert len(cpus) == 4
    assert not any(int(flags, 16) & INTERRUPTS_ON for flags, _ in cpus), cpus
