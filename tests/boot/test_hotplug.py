# SPDX-License-Identifier: BSD-2-Clause
"""Processors taken offline and brought back, by `cpus off` and `cpus on`: docs/smp.md."""
import re

import pytest

HANG_SECONDS = 120
PROMPT = r'^ashlar> '


def cpus_of(outcome):
    """Of each `report cpus`: the numbers of those online, and of those offline."""
    return [
        ([cpu['cpu'] for cpu in fact['online']], [cpu['cpu'] for cpu in fact['offline']])
        for fact in outcome.stream.of_type('cpus')
    ]


@pytest.fixture
def run(boot):
    def run_commands(commands, **words):
        return boot(commands, **{'boot': 'kernel', 'timeout': HANG_SECONDS, 'smp': '4', **words})

    return run_commands


LEAVE_AND_COME = 'cpus off 1,3; report cpus; test smp*; cpus on 1,3; report cpus; test smp*; exit'


def check_leaving(outcome, skipped=()):
    assert outcome.verdict == 'pass', outcome.words
    assert cpus_of(outcome) == [([0, 2], [1, 3]), ([0, 1, 2, 3], [])]
    assert {(test.name, test.status) for test in outcome.stream.tests if test.status != 'pass'} == {
        (name, 'skip') for name in skipped
    }


MACHINES = {
    'q35': {},
    'pc': dict(machine='pc'),
    'microvm': dict(machine='microvm'),
    'iso-uefi': dict(boot='iso', firmware='uefi', timeout=180),
    'nox2apic': dict(cmdline='nox2apic'),
    'gcc-O0': dict(build_name='gcc-O0'),
    'gcc-O2': dict(build_name='gcc-O2'),
    'gcc-O3': dict(build_name='gcc-O3'),
    'clang-O2': dict(build_name='clang-O2'),
}


@pytest.mark.parametrize('words', MACHINES.values(), ids=MACHINES)
def test_cpus_go_offline_and_online(words, run):
    check_leaving(run(LEAVE_AND_COME, **words))


def test_cpus_go_offline_and_online_with_x2apic(start_newer):
    # The ID is read-only there.
    check_leaving(
        start_newer(LEAVE_AND_COME, boot='kernel', smp='4').wait(HANG_SECONDS),
        skipped=['smp.a_cpu_is_found_by_the_id_of_its_lapic'],
    )


def test_a_cpu_goes_offline_and_online_on_bochs(run, request):
    if not request.config.getoption('--matrix'):
        pytest.skip('Bochs takes a minute for two CPUs: --matrix')
    outcome = run(
        'cpus off 1; report cpus; cpus on 1; report cpus; test smp*; exit',
        emulator='bochs',
        boot='iso',
        smp='2',
        cmdline='absentcpu=1',
        memory='64M',
        timeout=300,
    )
    assert outcome.verdict == 'pass', outcome.words
    assert cpus_of(outcome) == [([0], [1]), ([0, 1], [])]


def test_all_aps_go_offline_and_the_bsp_runs_alone(run):
    outcome = run('cpus off 1-3; report cpus; test buddy*; test slab*; test time*; exit')
    assert outcome.verdict == 'pass', outcome.words
    assert cpus_of(outcome) == [([0], [1, 2, 3])]


@pytest.mark.parametrize(
    'command, words',
    [
        ('cpus off 0', ['CPU 0: the BSP stays online']),
        ('cpus off 2,2', ['CPU 2: not online']),
        ('cpus on 0-1', ['CPU 0: already online', 'CPU 1: already online']),
        ('cpus off 3-9', ["'3-9' is not a list of CPUs: they are numbered 0 to 3"]),
        (
            'cpus off 4-18446744073709551615',
            ["'4-18446744073709551615' is not a list of CPUs: they are numbered 0 to 3"],
        ),
        ('cpus on 7', ["'7' is not a list of CPUs: they are numbered 0 to 3"]),
        ('cpus off x', ['usage: cpus [off|on LIST]']),
        ('cpus off 1-', ['usage: cpus [off|on LIST]']),
        ('cpus off', ['usage: cpus [off|on LIST]']),
        ('cpus away 1', ['usage: cpus [off|on LIST]']),
    ],
)
def test_impossible_requests_are_refused(command, words, run):
    outcome = run(f'{command}; report cpus; exit')
    assert outcome.verdict == 'fail', outcome.words
    said = [line for line in outcome.stream.lines if re.match(r'CPUs? |usage|.* are numbered', line)]
    assert said == words
    online, offline = cpus_of(outcome)[0]
    assert sorted(online + offline) == [0, 1, 2, 3] and 0 in online


def test_a_cpu_that_never_started_is_retried_and_reported_again(run):
    outcome = run('cpus on 2; report cpus; test pages*; exit', smp='2', cmdline='absentcpu=200')
    assert [line for line in outcome.stream.lines if 'did not start' in line and 'APIC ID 200' in line][1:]
    assert 'CPU 2: does not start' in outcome.stream.lines
    assert cpus_of(outcome) == [([0, 1], [])]
    assert [test.status for test in outcome.stream.tests] == ['pass']


def test_a_cpu_that_starts_late_parks_and_can_be_brought_online(start):
    """It is plugged in after it was given up, and then receives the SIPI that was sent to it."""
    session = start(boot='kernel', smp='2,maxcpus=3', cmdline='absentcpu=2', qmp=True)
    session.expect(PROMPT, HANG_SECONDS)
    session.qmp(
        'device_add', driver='max-x86_64-cpu', id='late', **{'socket-id': 0, 'core-id': 2, 'thread-id': 0}
    )
    session.type('late 2; report -j cpus; test smp.a_cpu_that_did_not*\n')
    session.expect(r'^late: stopped in long mode, before the kernel, given up', HANG_SECONDS)
    session.expect(r'"failed":\[\{"apic":2,"stage":"none"\}\]', HANG_SECONDS)
    session.expect(r'^ok 1 ', HANG_SECONDS)
    session.type('cpus on 2; report -j cpus; test smp.a_cpu_goes_offline_and_online_again; exit\n')
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert cpus_of(outcome)[-1] == ([0, 1, 2], [])


def test_a_panic_is_reported_while_cpus_are_offline(run):
    outcome = run('cpus off 1-2; crash panic')
    assert outcome.verdict == 'panic', outcome.words
    assert not any('answer' in line for line in outcome.stream.lines)
