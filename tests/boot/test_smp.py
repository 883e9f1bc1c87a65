# SPDX-License-Identifier: BSD-2-Clause
"""All the processors of whole machines: docs/smp.md, and `cpus` of docs/interfaces.md.

Each machine reports the CPUs that it was given, and passes the self-tests of smp; some get CPUs that do not exist.
"""
import dataclasses
import itertools
import re

import pytest
from test_tsc_sync import FAR, check_seen

HANG_SECONDS = 120
SHOW = 'cpus; irqs; report cpus; exit'
COMMANDS = f'test smp*; {SHOW}'
ONE_CPU = 'one CPU'
NO_TIMERS = 'CPUs have no timers of their own'
FIXED_ID = 'the APIC ID cannot be written'


# --- what -smp means ---


@dataclasses.dataclass(frozen=True)
class Shape:
    """Packages of dies of cores of threads, as many of each."""

    sockets: int = 1
    dies: int = 1
    cores: int = 1
    threads: int = 1

    def words(self):
        count = self.sockets * self.dies * self.cores * self.threads
        dies = f',dies={self.dies}' if self.dies > 1 else ''
        return f'{count},sockets={self.sockets}{dies},cores={self.cores},threads={self.threads}'

    def places(self, with_dies=True):
        """(APIC id, package, die, core, thread) of each CPU. Each part of the id has as many bits as it needs, so ids are
        sparse where a number is no power of two. A CPU that does not tell its dies has more cores instead."""
        die_bits, core_bits, thread_bits = [
            (count - 1).bit_length() for count in (self.dies, self.cores, self.threads)
        ]
        for package, die, core, thread in itertools.product(*map(range, dataclasses.astuple(self))):
            die_core = die << core_bits | core
            apic = (package << die_bits + core_bits | die_core) << thread_bits | thread
            yield (apic, package, die, core, thread) if with_dies else (apic, package, 0, die_core, thread)


# --- a machine's output ---


def online_places(facts):
    return [(cpu['apic'], cpu['package'], cpu['die'], cpu['core'], cpu['thread']) for cpu in facts['online']]


def check_cpus(outcome, count, failed=()):
    """@count CPUs are online and work, in the order of their numbers; those of APIC ids @failed were never heard of."""
    facts = outcome.stream.fact('cpus')
    numbers = [cpu['cpu'] for cpu in facts['online']]
    assert len(numbers) == count
    assert numbers == sorted(set(numbers)) and numbers[0] == 0
    assert len({cpu['apic'] for cpu in facts['online']}) == count
    assert len(set(online_places(facts))) == count
    assert facts['online'][0]['us'] == 0
    assert all(cpu['us'] > 0 for cpu in facts['online'][1:])
    assert facts['failed'] == [{'apic': apic, 'stage': 'none'} for apic in failed]
    for test in outcome.stream.tests:
        if test.name.startswith('smp.'):
            assert (
                test.status == 'pass'
                or test.reason in (NO_TIMERS, FIXED_ID)
                or (count == 1 and test.reason == ONE_CPU)
            ), test


def check_table(outcome):
    """`cpus` agrees with the report, and shows the times of all stages of each CPU but the first."""
    facts = outcome.stream.fact('cpus')
    rows = [line.split() for line in outcome.stream.lines if re.fullmatch(r' *\d+ ( *\d+){10}', line)]
    assert [tuple(map(int, row[:6])) for row in rows] == [
        (cpu['cpu'], *place) for cpu, place in zip(facts['online'], online_places(facts))
    ]
    for row, cpu in zip(rows[1:], facts['online'][1:]):
        stamps = [int(word) for word in row[6:]]
        assert 0 < stamps[0] and stamps == sorted(stamps)
        # Also when the TSC's rate is refined in between: a stamp keeps its time.
        assert stamps[-1] == cpu['us']
    assert any(re.match(r'timer +0xf0 ', line) for line in outcome.stream.lines)


def check_outcome(outcome, count, failed=(), exit_status=33):
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.exit_status == exit_status, outcome.words
    check_cpus(outcome, count, failed)
    check_table(outcome)


@pytest.fixture
def check(boot):
    """check(count, machine words...): boots, checks all of the above, and gives the outcome."""

    def check_machine(count, failed=(), commands=COMMANDS, exit_status=33, **words):
        outcome = boot(commands, **{'boot': 'kernel', 'timeout': HANG_SECONDS, **words})
        check_outcome(outcome, count, failed, exit_status)
        return outcome

    return check_machine


@pytest.fixture
def check_newer(start_newer):
    """The same in a QEMU that has x2APIC."""

    def check_machine(count, failed=(), commands=COMMANDS, **words):
        outcome = start_newer(commands, boot='kernel', **words).wait(HANG_SECONDS)
        check_outcome(outcome, count, failed)
        return outcome

    return check_machine


# --- how many, and where they sit ---


@pytest.mark.parametrize('count', [1, 2, 3, 4, 7, 16, 64, 128, 255])
def test_all_cpus_come_online(count, check, request):
    # Their self-tests need a minute.
    are_tested = count < 128 or request.config.getoption('--matrix')
    outcome = check(count, commands=COMMANDS if are_tested else SHOW, smp=str(count), memory='512M')
    # Where -smp has no topology, all are cores of one package.
    assert online_places(outcome.stream.fact('cpus')) == list(Shape(cores=count).places())


def test_all_self_tests_pass_on_four_cpus(check):
    outcome = check(4, commands=f'test; {SHOW}', smp='4')
    assert {'smp', 'slab', 'time', 'irq'} <= {test.name.split('.')[0] for test in outcome.stream.tests}


# QEMU has leaf 1FH, which enumerates dies, for Intel's models only.
INTEL = 'max,vendor=GenuineIntel'
DIES = Shape(sockets=2, dies=2, cores=2)


@pytest.mark.parametrize(
    'shape',
    [
        DIES,
        Shape(dies=3, cores=2),
        Shape(sockets=2, dies=3, cores=3, threads=2),
        Shape(sockets=3, cores=2, threads=2),
        Shape(sockets=5, cores=3),
    ],
    ids=Shape.words,
)
def test_the_topology_is_printed(shape, check):
    outcome = check(len(list(shape.places())), commands=SHOW, cpu=INTEL, smp=shape.words())
    assert online_places(outcome.stream.fact('cpus')) == list(shape.places())


@pytest.mark.parametrize('cpu', ['max', 'EPYC', 'qemu64', 'EPYC,-cpuid-0xb', 'qemu64,level=1'])
def test_amd_topology_has_cores_and_no_dies(cpu, check):
    """Leaf 0BH or, without it, AMD's own."""
    outcome = check(8, commands=SHOW, cpu=cpu, smp=DIES.words())
    assert online_places(outcome.stream.fact('cpus')) == list(DIES.places(with_dies=False))


@pytest.mark.parametrize('cpu', ['Nehalem', 'Nehalem,level=4', 'core2duo', 'EPYC,+topoext,-cpuid-0xb'])
def test_the_topology_is_read_by_legacy_leaves(cpu, check):
    """Leaf 0BH; counts in leaves 1 and 4; AMD's 8000_001EH."""
    shape = Shape(sockets=2, cores=3, threads=2)
    outcome = check(12, commands=SHOW, cpu=cpu, smp=shape.words())
    assert online_places(outcome.stream.fact('cpus')) == list(shape.places())


# --- machines, options, builds ---

# QEMU's firmware writes MP tables that list packages only.
MACHINES = {
    'pc': dict(machine='pc', smp='4'),
    'microvm': dict(machine='microvm', smp='4'),
    'iso-bios': dict(boot='iso', smp='4'),
    'iso-uefi': dict(boot='iso', firmware='uefi', smp='4', timeout=180),
    'pc,acpi=off': dict(machine='pc', smp='4,sockets=4', extra=('-machine', 'pc,acpi=off')),
    'noacpi': dict(smp='4,sockets=4', cmdline='noacpi', commands=SHOW),
    'noioapic': dict(smp='4', cmdline='noioapic'),
    'nox2apic': dict(smp='4', cmdline='nox2apic'),
    'events=hpet': dict(smp='4', cmdline='events=hpet'),
    # INIT is waited for, and mm's locks are taken in turn, too.
    'no-hypervisor': dict(smp='4', cpu='max,-hypervisor'),
    'idle=mwait': dict(smp='4', cmdline='idle=mwait'),
    'nohpet': dict(smp='4', cmdline='nohpet', commands=SHOW),
    'cpuwave=1': dict(smp='4', cmdline='cpuwave=1', commands=SHOW),
}


@pytest.mark.parametrize('words', MACHINES.values(), ids=MACHINES)
def test_machine(words, check):
    check(4, **words)


@pytest.mark.parametrize('build_name', ['gcc-O0', 'gcc-O3', 'clang-O2'])
def test_build(build_name, check):
    check(4, smp='4', build_name=build_name)


@pytest.mark.parametrize('count', [2, 8])
def test_bochs(count, check, request):
    """SeaBIOS, which takes the number of CPUs from QEMU, lists one on Bochs. The others exist nevertheless."""
    if not request.config.getoption('--matrix'):
        pytest.skip('Bochs takes a minute for two CPUs, some for eight: --matrix')
    commands = f"test tsc_sync*; {COMMANDS.removesuffix('exit')} skew together {FAR} 1; report time; exit"
    outcome = check(
        count,
        commands=commands,
        emulator='bochs',
        boot='iso',
        smp=str(count),
        cmdline=f'absentcpu=1-{count - 1}',
        memory='64M',
        timeout=300,
        exit_status=None,
    )
    assert outcome.stream.fact('cpus')['x2apic']
    assert outcome.stream.fact('cpus')['idle'] == 'mwait'
    # The only emulator that supports changing a counter.
    moved = {test.name: test.status for test in outcome.stream.tests if test.name.startswith('tsc_sync.')}
    assert moved == {'tsc_sync.a_changed_counter_is_corrected': 'pass'}
    assert any('TSC was offset by 1099511627776 ticks' in line for line in outcome.stream.lines)
    assert check_seen(outcome, 1)['clock'] == 'hpet'


def warnings(outcome):
    """What smp complained about."""
    return [
        line.partition(' smp: ')[2]
        for line in outcome.stream.lines
        if ' smp: ' in line and not re.search(r'\d+ of \d+ CPUs online|CPU \d+: offline', line)
    ]


@pytest.mark.parametrize(
    'words, way, said',
    [
        ({}, 'hlt', []),
        ({'cmdline': 'idle=mwait'}, 'mwait', []),
        ({'cmdline': 'idle=sleep'}, 'hlt', ['idle=sleep: expected hlt or mwait']),
        (
            {'cmdline': 'idle=mwait', 'cpu': 'max,-monitor'},
            'hlt',
            ['idle=mwait: expected hlt; this CPU has no MWAIT'],
        ),
    ],
)
def test_idle_cpus_halt_under_a_hypervisor_or_wait_as_requested(words, way, said, check):
    outcome = check(2, commands=SHOW, smp='2', **words)
    assert outcome.stream.fact('cpus')['idle'] == way
    assert warnings(outcome) == said


@pytest.mark.parametrize(
    'cmdline, apic_ids',
    [
        ('maxcpus=2', [0, 1]),
        ('maxcpus=1', [0]),
        ('maxcpus=9', [0, 1, 2, 3]),
        ('cpus=0-1,3', [0, 1, 3]),
        ('cpus=2', [0, 2]),
        ('cpus=1-3 maxcpus=3', [0, 1, 2]),
        ('cpus=7', [0]),
    ],
)
def test_cpus_may_be_excluded(cmdline, apic_ids, check):
    outcome = check(len(apic_ids), commands=SHOW, smp='4', cmdline=cmdline)
    facts = outcome.stream.fact('cpus')
    assert [cpu['apic'] for cpu in facts['online']] == apic_ids
    left_out = [apic for apic in range(4) if apic not in apic_ids]
    assert facts['left_out'] == [{'apic': apic, 'why': 'option'} for apic in left_out]
    assert facts['listed'] == 4
    rows = [line.split(maxsplit=2) for line in outcome.stream.lines if re.match(r'   - ', line)]
    assert rows == [['-', str(apic), 'left out by maxcpus= or cpus='] for apic in left_out]
    assert f'{len(apic_ids)} of 4 CPUs online' in outcome.stream.lines
    assert warnings(outcome) == ([f"CPUs left out: {len(left_out)}; 'cpus' says why"] if left_out else [])


def test_cpus_out_of_reach_of_interrupts_are_reported(check):
    """288 CPUs and xAPIC mode; CPUs that do not respond serve as well as real ones."""
    outcome = check(2, commands=SHOW, smp='2', cmdline='absentcpu=255-287 nox2apic')
    facts = outcome.stream.fact('cpus')
    assert facts['left_out'] == [{'apic': apic, 'why': 'reach'} for apic in range(255, 288)]
    assert facts['failed'] == []
    assert facts['listed'] == 35
    assert '2 of 35 CPUs online' in outcome.stream.lines
    assert any(re.search(r' smp: 2 of 35 CPUs online after ', line) for line in outcome.stream.lines)


def test_without_a_local_apic_the_aps_are_reported(boot):
    outcome = boot(
        SHOW, boot='kernel', timeout=HANG_SECONDS, smp='1', cpu='max,-apic', cmdline='absentcpu=1-3'
    )
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.stream.fact('cpus')['left_out'] == [{'apic': apic, 'why': 'reach'} for apic in (1, 2, 3)]
    assert any(' smp: 1 of 4 CPUs online: ' in line for line in outcome.stream.lines)


@pytest.mark.parametrize(
    'option',
    [
        'maxcpus=0',
        'maxcpus=x',
        'maxcpus=-1',
        'maxcpus',
        'maxcpus=99999999999999999999',
        'cpuwave=0',
        'cpus=x',
        'cpus',
        'cpus=0-',
        'cpus=3-1',
        'cpus=0,,2',
        'cpus=' + '1,' * 200,
        'absentcpu=x',
    ],
)
def test_an_invalid_option_is_reported_and_all_cpus_start(option, check):
    outcome = check(4, commands=SHOW, smp='4', cmdline=option)
    said = warnings(outcome)
    assert len(said) == 1 and re.match(
        rf"{option.partition('=')[0]}=.*: expected (a number|numbers)", said[0]
    ), said


# --- CPUs that do not respond ---

# How long the kernel waits for a CPU after the last sign of life of any: SMP_TIMEOUT_NS of kernel64/smp/ap.h.
TIMEOUT_US = 1000000


@pytest.mark.parametrize(
    'cmdline, absent, waits',
    [
        ('absentcpu=200', [200], 1),
        # Those that are there are not listed twice; no CPU has 255 in xAPIC mode.
        ('absentcpu=200,210-211,1-3,255', [200, 210, 211], 1),
        # Waves of 3 and 2; of 2, 2 and 1; of one each.
        ('absentcpu=200-201 cpuwave=3', [200, 201], 1),
        ('absentcpu=200-201 cpuwave=2', [200, 201], 2),
        ('absentcpu=200-201 cpuwave=1', [200, 201], 2),
        ('absentcpu=100-250', list(range(100, 251)), 1),
    ],
)
def test_the_boot_continues_without_unresponsive_cpus(cmdline, absent, waits, check):
    outcome = check(
        4,
        failed=absent,
        commands=f'test pages*; test smp.a_cpu_that_did_not*; {SHOW}',
        smp='4',
        cmdline=f'{cmdline} loglevel=debug',
    )
    assert [
        line
        for line in warnings(outcome)
        if '255' not in line and ' sent to ' not in line and not line.startswith('CPUs left out: 1')
    ] == [f'CPU with APIC ID {apic} did not start: no response to SIPI' for apic in absent]
    listed = 4 + len(absent) + ('255' in cmdline)
    text = '\n'.join(outcome.stream.lines)
    (took_us,) = re.findall(rf'4 of {listed} CPUs online after (\d+) us', text)
    assert waits * TIMEOUT_US < int(took_us)
    # CPUs of a wave are waited for together, and no wave longer than once.
    waves = re.findall(r' smp: wave: (\d+) of (\d+) CPUs online$', text, re.MULTILINE)
    assert sum(int(count) for _, count in waves) == 3 + len(absent)
    assert sum(online != count for online, count in waves) == waits
    # All that they would have needed is accounted for.
    assert 'pages.every_page_is_accounted_for' in {
        test.name for test in outcome.stream.tests if test.status == 'pass'
    }


def test_an_unresponsive_cpu_does_not_affect_the_others(check):
    check(3, failed=[77], smp='3', cmdline='absentcpu=77')


# --- x2APIC: a QEMU newer than Debian 12's ---

# A CPU with APIC ID 287 beside those with 0 and 1. With such IDs SeaBIOS leaves x2APIC mode enabled.
SPARSE = {'smp': '2,maxcpus=288', 'extra': ('-device', 'max-x86_64-cpu,socket-id=0,core-id=287,thread-id=0')}


@pytest.mark.parametrize(
    'words',
    [
        dict(smp='4'),
        dict(smp='4', machine='microvm', commands=SHOW),
        dict(smp='4', cmdline='noioapic', commands=SHOW),
        # Without dies: when SeaBIOS reads leaf 1FH, QEMU 10.0 fails an assertion.
        dict(smp=Shape(sockets=3, cores=3, threads=2).words(), cpu=INTEL, commands=SHOW),
    ],
    ids=['q35', 'microvm', 'noioapic', 'shape'],
)
def test_machine_with_x2apic(words, check_newer):
    outcome = check_newer(int(words['smp'].split(',')[0]), **words)
    assert outcome.stream.fact('cpus')['x2apic']


def test_an_apic_id_above_254_needs_x2apic(check_newer):
    outcome = check_newer(3, **SPARSE)
    assert [cpu['apic'] for cpu in outcome.stream.fact('cpus')['online']] == [0, 1, 287]


def test_an_apic_id_above_254_is_out_of_reach_in_xapic_mode(check_newer):
    outcome = check_newer(2, cmdline='nox2apic', **SPARSE)
    assert not outcome.stream.fact('cpus')['x2apic']
    assert warnings(outcome) == [
        'CPU with APIC ID 287 left out: beyond the 8 bits of xAPIC mode',
        "CPUs left out: 1; 'cpus' says why",
    ]
    assert outcome.stream.fact('cpus')['left_out'] == [{'apic': 287, 'why': 'reach'}]


def test_absent_cpus_may_have_any_apic_id_with_x2apic(check_newer):
    check_newer(
        4,
        failed=[255, 70000, 4294967294],
        commands=SHOW,
        smp='4',
        cmdline='absentcpu=255,70000,4294967294-4294967295',
    )


@pytest.mark.parametrize('count', [288, 512])
def test_hundreds_of_cpus_come_online(count, check_newer, request):
    if not request.config.getoption('--matrix'):
        pytest.skip('hundreds of CPUs take minutes: --matrix')
    outcome = check_newer(count, smp=str(count), memory='1G')
    assert online_places(outcome.stream.fact('cpus')) == list(Shape(cores=count).places())


def test_cpus_without_a_trampoline_are_not_said_to_be_silent(boot):
    """Those of earlier waves that are not there keep theirs, until no low memory is left for the next."""
    outcome = boot(
        'cpus; exit', boot='kernel', smp='1', cmdline='reserve_low=640K cpuwave=1 absentcpu=100-120'
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    (count,) = [
        int(match[1]) for line in lines if (match := re.search(r'(\d+) CPUs not started: no tr', line))
    ]
    silent = sum('did not start: no response to SIPI' in line for line in lines)
    assert count + silent == 21 and silent > 0
    assert sum(line.endswith('  no response to SIPI') for line in lines) == silent
    assert sum(line.endswith('  not started: no memory for a trampoline') for line in lines) == count
