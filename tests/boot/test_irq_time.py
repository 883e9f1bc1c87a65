# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts and clocks on machines that lack one part or another, and on those that have the rarer ones.

Each machine passes the self-tests and reports the hardware that it was given: docs/interfaces.md, `irq` and `time`.
"""
import dataclasses
import datetime
import re

import pytest

from ashlar import ROOT, Failure, bochs, debian, qemu10
from ashlar.bench_results import ICOUNT

HANG_SECONDS = 60
PROMPT = r'^ashlar> '
COMMANDS = 'test irq*; test time*; report irq; report time; exit'

# QEMU's LAPIC timers count nanoseconds. On the host's own clock a busy host disturbs; under -icount nothing does.
LAPIC_HZ = 1000000000
HOST_PPM = 10000
# With -icount, an instruction is a nanosecond.
ICOUNT_HZ = 1000000000
ICOUNT_PPM = 20
ICOUNT_LAPIC_PPM = 100
MEASURING_NS = 5000000
BOOT_INSTRUCTIONS = 2500000

# Where QEMU's PCs wire an ISA interrupt otherwise: the timer, and those that PCI devices share.
PCI_LEVEL = {irq: (irq, 'high', 'level') for irq in (5, 9, 10, 11)}
ACPI_OVERRIDES = {0: (2, 'high', 'edge'), **PCI_LEVEL}
MP_OVERRIDES = {0: (2, 'high', 'edge')}
# What SeaBIOS writes to the 8259s' ELCR.
ELCR_OVERRIDES = {irq: (irq, 'high', 'level') for irq in (10, 11)}

# Why a self-test has nothing to try.
NO_LAPIC = {'no local APIC'}
NO_COUNTER = {'there is no counter beside the time-stamp counter'}
NO_TSC = {'a clock that wraps is read now and then'}
NO_COMPARATORS = 'needs an HPET with three comparators and an I/O APIC'
ONE_CPU = 'one CPU'
LONG_ROUNDS = "the clock's rounds are long"
NO_SHARED_INPUT = {'no input is free that two comparators can raise'}


@dataclasses.dataclass
class Case:
    """A machine, its expected report, and the reasons for which self-tests are skipped on it."""

    words: dict
    lapic: str = 'xapic'
    found: str = 'xapic'
    i8259: bool = True
    ioapics: tuple = ((0, 24),)  # GSI base and pins of each
    overrides: dict = dataclasses.field(default_factory=lambda: ACPI_OVERRIDES)
    lines: dict = dataclasses.field(default_factory=lambda: {'serial': 4, 'keyboard': 1})
    clock: str = 'tsc'
    sources: tuple = ('tsc', 'hpet', 'pm-timer', 'pit')
    rate_from: str = 'hpet'
    events: str = 'lapic'
    skipped: set = dataclasses.field(default_factory=set)
    cpus: int = 1  # that come up


def machine(name='q35', *options, **words):
    """The arguments for a machine of QEMU with these options."""
    extra = ('-machine', ','.join((name, *options))) if options else ()
    return {
        'boot': 'kernel',
        'machine': name,
        'cmdline': '',
        **words,
        'extra': (*extra, *words.get('extra', ())),
    }


NO_HPET = {'sources': ('tsc', 'pm-timer', 'pit'), 'rate_from': 'pm-timer'}
ONLY_PIT = {'sources': ('tsc', 'pit'), 'rate_from': 'pit'}
MICROVM = {'ioapics': ((0, 24), (24, 24)), 'overrides': {}, 'lines': {'serial': 4}, **ONLY_PIT}

CASES = {
    'q35': Case(machine()),
    'q35,hpet=off': Case(machine('q35', 'hpet=off'), **NO_HPET),
    'pc': Case(machine('pc'), skipped=NO_SHARED_INPUT),
    'pc,hpet=off': Case(machine('pc', 'hpet=off'), **NO_HPET),
    # Without a MADT the MP tables are used.
    'pc,acpi=off': Case(machine('pc', 'acpi=off'), overrides=MP_OVERRIDES, **ONLY_PIT),
    'pc,acpi=off,4cpus': Case(
        machine('pc', 'acpi=off', smp='4,sockets=4'), overrides=MP_OVERRIDES, **ONLY_PIT
    ),
    'microvm': Case(machine('microvm'), **MICROVM),
    # Nothing to measure against: the rate is a guess, but timers and clock agree on it.
    'microvm,pit=off,pic=off': Case(
        machine('microvm', 'pit=off', 'pic=off'),
        skipped=NO_COUNTER,
        **{**MICROVM, 'i8259': False, 'sources': ('tsc',), 'rate_from': 'assumed'},
    ),
    'microvm,acpi=off': Case(
        machine('microvm', 'acpi=off'), **{**MICROVM, 'ioapics': ((0, 24),), 'overrides': MP_OVERRIDES}
    ),
    # An I/O APIC has no CPU to send to: the 8259s are used.
    '-apic': Case(
        machine(cpu='max,-apic'),
        lapic='none',
        found='none',
        ioapics=(),
        overrides=ELCR_OVERRIDES,
        lines={'serial': 4, 'keyboard': 1, 'pit': 0},
        events='pit',
        skipped=NO_LAPIC,
    ),
    'nohpet': Case(machine(cmdline='nohpet'), **NO_HPET),
    'notsc': Case(machine(cmdline='notsc'), clock='hpet', skipped=NO_TSC),
    'notsc nohpet': Case(machine(cmdline='notsc nohpet'), clock='pm-timer', skipped=NO_TSC, **NO_HPET),
    'notsc pit': Case(
        machine('pc', 'acpi=off', cmdline='notsc'),
        clock='pit',
        skipped=NO_TSC,
        overrides=MP_OVERRIDES,
        **ONLY_PIT,
    ),
    'noioapic': Case(machine(cmdline='noioapic'), ioapics=(), overrides=ELCR_OVERRIDES),
    'nox2apic': Case(machine(cmdline='nox2apic')),
    'noacpi': Case(machine(cmdline='noacpi'), overrides=MP_OVERRIDES, **ONLY_PIT),
}


def parts_per_million(value, truth):
    return abs(value - truth) * 1000000 / truth


def check_outcome(case, outcome):
    assert outcome.verdict == 'pass', outcome.words
    assert {test.name.split('.')[0] for test in outcome.stream.tests} == {'irq', 'time', 'timer'}
    reasons = {test.reason for test in outcome.stream.tests if test.status == 'skip'}
    assert reasons - {NO_COMPARATORS, ONE_CPU, LONG_ROUNDS} == case.skipped
    assert (LONG_ROUNDS in reasons) == (case.clock != 'pit')
    assert NO_COMPARATORS not in reasons or 'hpet' not in case.sources or not case.ioapics
    check_irq_facts(case, outcome.stream.fact('irq'))
    check_time_facts(case, outcome.stream.fact('time'))


def check_irq_facts(case, facts):
    assert (facts['lapic'], facts['lapic_found']) == (case.lapic, case.found)
    assert facts['i8259'] == case.i8259
    assert tuple((ioapic['gsi_base'], ioapic['pins']) for ioapic in facts['ioapics']) == case.ioapics
    assert {
        item['irq']: (item['gsi'], item['polarity'], item['trigger']) for item in facts['overrides']
    } == case.overrides
    assert {name: line['gsi'] for line in facts['lines'] for name in line['devices']} == case.lines
    vectors = [line['vector'] for line in facts['lines']]
    assert len(set(vectors)) == len(vectors) and min(vectors) >= 32


def check_time_facts(case, facts):
    assert facts['clock'] == case.clock
    assert tuple(facts['sources']) == case.sources
    assert facts['tsc_hz_from'] == case.rate_from
    assert facts['events'] == case.events
    if case.lapic == 'none':
        assert facts['lapic_hz'] == 0
    elif case.rate_from != 'assumed' and case.words:
        assert parts_per_million(facts['lapic_hz'], LAPIC_HZ) < HOST_PPM


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_machine(case, boot):
    outcome = boot(COMMANDS, **case.words)
    assert outcome.exit_status == 33, outcome.words
    check_outcome(case, outcome)


@pytest.mark.parametrize(
    'words, reference',
    [
        pytest.param(machine(), 'hpet', id='hpet'),
        pytest.param(machine(cmdline='nohpet'), 'pm-timer', id='pm-timer'),
        pytest.param(machine('pc', 'acpi=off'), 'pit', id='pit'),
        pytest.param(machine('microvm'), 'pit', id='microvm'),
    ],
)
def test_rates_are_measured_accurately_and_early(words, reference, boot):
    outcome = boot('report boot; report time; exit', **{**words, 'extra': (*words['extra'], *ICOUNT)})
    assert outcome.verdict == 'pass', outcome.words
    facts = outcome.stream.fact('time')
    assert facts['tsc_hz_from'] == reference
    assert parts_per_million(facts['tsc_hz'], ICOUNT_HZ) < min(ICOUNT_PPM, facts['tsc_error_ppm'])
    assert parts_per_million(facts['lapic_hz'], LAPIC_HZ) < ICOUNT_LAPIC_PPM
    assert 0 < facts['measuring_ns'] <= MEASURING_NS
    stages = outcome.stream.fact('boot')['stages']
    assert stages[-1]['ticks'] - stages[0]['ticks'] <= BOOT_INSTRUCTIONS


@pytest.mark.parametrize(
    'words, reference',
    [
        pytest.param(machine(), 'hpet', id='hpet'),
        pytest.param(machine(cmdline='nohpet'), 'pm-timer', id='pm-timer'),
        pytest.param(machine('microvm'), 'pit', id='pit'),
    ],
)
def test_the_rate_is_refined_in_the_background_and_then_final(words, reference, start):
    session = start(**words)
    session.expect(PROMPT, HANG_SECONDS)
    session.expect(
        rf'clock: TSC refined: [0-9.]+ MHz \(at first [0-9.]+ from pit\), against {reference}', HANG_SECONDS
    )
    session.type('report time -j; test timer.nothing*; exit\r')
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    facts = outcome.stream.fact('time')
    assert facts['tsc_is_final'] and facts['tsc_hz_from'] == reference and facts['tsc_first_from'] == 'pit'
    assert facts['tsc_error_ppm'] < 1000
    assert sum('TSC refined' in line for line in outcome.stream.lines) == 1
    stamps = [
        float(match[1])
        for line in outcome.stream.lines
        if (match := re.match(r'(?:ashlar> )?\[ *([0-9.]+)\] cpu', line))
    ]
    assert stamps == sorted(stamps)


# --- x2APIC and TSC-deadline: Bochs, and a QEMU newer than Debian 12's ---

# Bochs' counters all count its instructions.
BOCHS_HZ = bochs.INSTRUCTIONS_PER_SECOND
BOCHS_PPM = 100
BOCHS = Case({}, found='xapic', overrides=PCI_LEVEL, events='tsc-deadline')


def check_bochs_rates(facts):
    assert parts_per_million(facts['tsc_hz'], BOCHS_HZ) < BOCHS_PPM
    assert parts_per_million(facts['lapic_hz'], BOCHS_HZ) < BOCHS_PPM


def test_bochs_has_x2apic_and_gives_a_wrong_rate(boot):
    """Its Ice Lake has a real one's CPUID leaf 0x15, which gives 1.5 GHz. Two counters contradict it."""
    outcome = boot(
        COMMANDS, timeout=300, emulator='bochs', cpu='corei7_icelake_u', memory='64M', cmdline='x2apic'
    )
    check_outcome(dataclasses.replace(BOCHS, lapic='x2apic'), outcome)
    check_bochs_rates(outcome.stream.fact('time'))
    assert any('TSC rate reported wrong: 1497.600 MHz by CPUID.15H' in line for line in outcome.stream.lines)


def test_a_machine_that_needs_no_x2apic_stays_in_xapic_mode(boot):
    outcome = boot('report irq; exit', timeout=300, emulator='bochs', cpu='corei7_icelake_u', memory='64M')
    assert outcome.stream.fact('irq')['lapic'] == 'xapic'
    assert any(
        'irq: xAPIC mode: x2APIC mode requires interrupt remapping' in line for line in outcome.stream.lines
    )


def test_bochs_with_nox2apic(boot):
    outcome = boot(
        COMMANDS, timeout=300, emulator='bochs', cpu='corei7_haswell_4770', memory='64M', cmdline='nox2apic'
    )
    # Its Haswell has no microcode that mends TSC-deadline: docs/smp.md.
    check_outcome(dataclasses.replace(BOCHS, lapic='xapic', events='lapic'), outcome)
    assert any(
        ' cpu: erratum: TSC-deadline timers are late or lost: ' in line for line in outcome.stream.lines
    )
    check_bochs_rates(outcome.stream.fact('time'))


X2APIC = Case(machine(), lapic='x2apic')
# APIC IDs above 254: SeaBIOS leaves x2APIC mode enabled.
BIG = ('-smp', '1,maxcpus=288')
BIG_SMP = ('-smp', '2,maxcpus=288')
QEMU10_CASES = {
    'q35': X2APIC,
    'microvm': Case(machine('microvm'), lapic='x2apic', **MICROVM),
    'handed-over': Case(machine(extra=BIG), lapic='x2apic', found='x2apic'),
    'nox2apic': Case(machine(cmdline='nox2apic')),
    'nox2apic,handed-over': Case(machine(cmdline='nox2apic', extra=BIG), found='x2apic'),
    'nox2apic,handed-over,smp': Case(machine(cmdline='nox2apic', extra=BIG_SMP), found='x2apic', cpus=2),
    '-x2apic': Case(machine(cpu='max,-x2apic')),
    'noioapic': Case(machine(cmdline='noioapic'), lapic='x2apic', ioapics=(), overrides=ELCR_OVERRIDES),
}


@pytest.mark.parametrize('case', QEMU10_CASES.values(), ids=QEMU10_CASES)
def test_machine_of_qemu10(case, start_newer):
    outcome = start_newer(COMMANDS, **case.words).wait(HANG_SECONDS)
    assert outcome.exit_status == 33, outcome.words
    check_outcome(case, outcome)
    assert any(f'smp: {case.cpus} of {case.cpus} CPUs online' in line for line in outcome.stream.lines)


def test_tsc_deadline_where_qemu10_has_it(start_newer):
    session = start_newer(COMMANDS, **machine(cpu='max,+tsc-deadline'))
    outcome = session.wait(HANG_SECONDS)
    has_it = "doesn't support requested feature: CPUID.01H:ECX.tsc-deadline" not in session.emulator_words()
    check_outcome(dataclasses.replace(X2APIC, events='tsc-deadline' if has_it else 'lapic'), outcome)


def test_an_unreachable_source_is_reported_and_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(debian, 'own_source', lambda targets, release: ('http://127.0.0.1:9/debian', ''))
    with pytest.raises(Failure):
        qemu10.fetch(tmp_path)
    assert not (tmp_path / 'root').exists()


def test_another_suite_is_fetched_from_the_systems_own_mirror():
    targets = """Created-By: Packages
Codename: bookworm-security
Component: main
Repo-URI: http://security.example/

Created-By: Sources
Codename: bookworm
Component: main
Repo-URI: http://sources.example/

Created-By: Packages
Codename: bookworm
Component: main
Signed-By: /keys.gpg
Repo-URI: mirror+file:/etc/apt/mirrors.list
"""
    assert debian.own_source(targets, 'bookworm') == ('mirror+file:/etc/apt/mirrors.list', '/keys.gpg')
    with pytest.raises(Failure, match='no source of trixie main'):
        debian.own_source(targets, 'trixie')


def test_no_script_names_a_mirror():
    for path in (ROOT / 'scripts').rglob('*'):
        if path.is_file() and '__pycache__' not in path.parts:
            assert not re.search(
                r'(deb|security|ftp)[\w.]*\.debian\.org', path.read_text(errors='replace')
            ), path


# --- the real-time clock ---


def printed_date(lines):
    """What `date` printed; the log's own line has words before it."""
    found = [match[1] for line in lines if (match := re.fullmatch(r'([0-9-]{10} [0-9:]{8}) UTC', line))]
    assert len(found) == 1, lines
    return datetime.datetime.strptime(found[0], '%Y-%m-%d %H:%M:%S')


# Later dates QEMU itself loses: up to 10.0 it counts days in 32 bits of seconds.
@pytest.mark.parametrize(
    'base', ['2024-02-29T23:59:58', '2000-01-01T00:00:00', '1999-12-31T23:59:59', '2038-01-19T03:14:08']
)
def test_the_date_is_read_from_the_rtc(base, boot):
    outcome = boot('date; exit', **machine(extra=('-rtc', f'base={base}')))
    assert outcome.verdict == 'pass', outcome.words
    passed = printed_date(outcome.stream.lines) - datetime.datetime.fromisoformat(base)
    assert 0 <= passed.total_seconds() <= outcome.seconds + 1
    doubts = [
        line
        for line in outcome.stream.lines
        if 'date is doubtful: the year is before this kernel was written' in line
    ]
    assert len(doubts) == (2 if base < '2024' else 0), doubts


@pytest.mark.parametrize('source', ['lapic', 'hpet', 'pit'])
def test_timers_work_with_each_clockevent(source, boot):
    outcome = boot(
        'test time*; test smp*; report time; exit', boot='kernel', smp='3', cmdline=f'events={source}'
    )
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.stream.fact('time')['events'] == source


def test_a_cpu_that_sleeps_wakes_when_the_clockevent_becomes_shared(boot):
    """Its timer goes to the BSP then, so that no interrupt ends the HLT of its next wait."""
    outcome = boot('sleep 1; exit', boot='kernel', smp='2')
    assert outcome.verdict == 'pass', outcome.words
    assert 'sleep: CPU 1 woke, clockevent none' in outcome.stream.lines
