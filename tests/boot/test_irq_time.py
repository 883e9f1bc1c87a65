# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts and clocks on machines that lack one part or another, and on those that have the rarer ones.

Each machine passes the self-tests and says of itself what it was given: docs/interfaces.md, `irq` and `time`.
"""
import dataclasses
import datetime
import re

import pytest

from ashlar.bench_results import ICOUNT

COMMANDS = 'test irq*; test time*; report irq; report time; exit'

# QEMU's LAPIC timers count nanoseconds. On the host's own clock a busy host disturbs; under -icount nothing does.
LAPIC_HZ = 1000000000
HOST_PPM = 10000
# With -icount, an instruction is a nanosecond.
ICOUNT_HZ = 1000000000
ICOUNT_PPM = 100
MEASURING_NS = 15000000

# Where QEMU's PCs wire an ISA interrupt otherwise: the timer, and those that PCI devices share.
PCI_LEVEL = {irq: (irq, 'high', 'level') for irq in (5, 9, 10, 11)}
ACPI_OVERRIDES = {0: (2, 'high', 'edge'), **PCI_LEVEL}
MP_OVERRIDES = {0: (2, 'high', 'edge')}
# What SeaBIOS writes to the 8259s' ELCR.
ELCR_OVERRIDES = {irq: (irq, 'high', 'level') for irq in (10, 11)}

NO_LAPIC = {'irq.a_spurious_interrupt_is_counted_and_not_acknowledged', 'irq.an_interrupt_that_nobody_handles_is_ended',
            'irq.an_ipi_to_oneself_arrives_once_each_time', 'irq.interrupts_wait_until_they_are_allowed'}
NO_COUNTER = {'time.every_two_counters_count_the_same_units'}
NO_TSC = {'timer.nothing_interrupts_when_nothing_is_due'}


@dataclasses.dataclass
class Case:
    """A machine, what it must say, and the self-tests that have nothing to try on it."""
    words: dict
    lapic: str = 'xapic'
    found: str = 'xapic'
    i8259: bool = True
    ioapics: tuple = ((0, 24),)             # GSI base and pins of each
    overrides: dict = dataclasses.field(default_factory=lambda: ACPI_OVERRIDES)
    lines: dict = dataclasses.field(default_factory=lambda: {'serial': 4, 'keyboard': 1})
    clock: str = 'tsc'
    sources: tuple = ('tsc', 'hpet', 'pm-timer', 'pit')
    rate_from: str = 'hpet'
    events: str = 'lapic'
    skipped: set = dataclasses.field(default_factory=set)


def machine(name='q35', *options, **words):
    """The words for a machine of QEMU with these of its options."""
    extra = ('-machine', ','.join((name, *options))) if options else ()
    return {'boot': 'kernel', 'machine': name, 'extra': extra + words.pop('extra', ()), **words}


NO_HPET = {'sources': ('tsc', 'pm-timer', 'pit'), 'rate_from': 'pm-timer'}
ONLY_PIT = {'sources': ('tsc', 'pit'), 'rate_from': 'pit'}
MICROVM = {'ioapics': ((0, 24), (24, 24)), 'overrides': {}, 'lines': {'serial': 4}, **ONLY_PIT}

CASES = {
    'q35': Case(machine()),
    'q35,hpet=off': Case(machine('q35', 'hpet=off'), **NO_HPET),
    'pc': Case(machine('pc')),
    'pc,hpet=off': Case(machine('pc', 'hpet=off'), **NO_HPET),
    # Without a MADT the MP tables say what there is.
    'pc,acpi=off': Case(machine('pc', 'acpi=off'), overrides=MP_OVERRIDES, **ONLY_PIT),
    'pc,acpi=off,4cpus': Case(machine('pc', 'acpi=off', smp='4,sockets=4'), overrides=MP_OVERRIDES, **ONLY_PIT),
    'microvm': Case(machine('microvm'), **MICROVM),
    # Nothing to measure against: the rate is a guess, but timers and clock agree on it.
    'microvm,pit=off,pic=off': Case(
        machine('microvm', 'pit=off', 'pic=off'), skipped=NO_COUNTER,
        **{**MICROVM, 'i8259': False, 'sources': ('tsc',), 'rate_from': 'assumed'}),
    'microvm,acpi=off': Case(machine('microvm', 'acpi=off'),
                             **{**MICROVM, 'ioapics': ((0, 24),), 'overrides': MP_OVERRIDES}),
    # An I/O APIC can send to nobody: the 8259s serve.
    '-apic': Case(machine(cpu='max,-apic'), lapic='none', found='none', ioapics=(), overrides=ELCR_OVERRIDES,
                  lines={'serial': 4, 'keyboard': 1, 'pit': 0}, events='pit', skipped=NO_LAPIC),
    'nohpet': Case(machine(cmdline='nohpet'), **NO_HPET),
    'notsc': Case(machine(cmdline='notsc'), clock='hpet', skipped=NO_TSC),
    'notsc nohpet': Case(machine(cmdline='notsc nohpet'), clock='pm-timer', skipped=NO_TSC, **NO_HPET),
    'noioapic': Case(machine(cmdline='noioapic'), ioapics=(), overrides=ELCR_OVERRIDES),
    'nox2apic': Case(machine(cmdline='nox2apic')),
    'noacpi': Case(machine(cmdline='noacpi'), overrides=MP_OVERRIDES, **ONLY_PIT),
}


def parts_per_million(value, truth):
    return abs(value - truth) * 1000000 / truth


def check_outcome(case, outcome):
    assert outcome.verdict == 'pass', outcome.words
    assert {test.name.split('.')[0] for test in outcome.stream.tests} == {'irq', 'time', 'timer'}
    assert {test.name for test in outcome.stream.tests if test.status == 'skip'} == case.skipped
    check_irq_facts(case, outcome.stream.fact('irq'))
    check_time_facts(case, outcome.stream.fact('time'))


def check_irq_facts(case, facts):
    assert (facts['lapic'], facts['lapic_found']) == (case.lapic, case.found)
    assert facts['i8259'] == case.i8259
    assert tuple((ioapic['gsi_base'], ioapic['pins']) for ioapic in facts['ioapics']) == case.ioapics
    assert {item['irq']: (item['gsi'], item['polarity'], item['trigger']) for item in facts['overrides']} == case.overrides
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
    elif case.rate_from != 'assumed':
        assert parts_per_million(facts['lapic_hz'], LAPIC_HZ) < HOST_PPM


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_machine(case, boot):
    outcome = boot(COMMANDS, **case.words)
    assert outcome.exit_status == 33, outcome.words
    check_outcome(case, outcome)


@pytest.mark.parametrize('words, reference', [
    pytest.param(machine(), 'hpet', id='hpet'),
    pytest.param(machine(cmdline='nohpet'), 'pm-timer', id='pm-timer'),
    pytest.param(machine('pc', 'acpi=off'), 'pit', id='pit'),
    pytest.param(machine('microvm'), 'pit', id='microvm'),
])
def test_rates_are_measured_truly_and_soon(words, reference, boot):
    outcome = boot('report time; exit', **{**words, 'extra': (*words['extra'], *ICOUNT)})
    assert outcome.verdict == 'pass', outcome.words
    facts = outcome.stream.fact('time')
    assert facts['tsc_hz_from'] == reference
    assert parts_per_million(facts['tsc_hz'], ICOUNT_HZ) < ICOUNT_PPM
    assert parts_per_million(facts['lapic_hz'], LAPIC_HZ) < ICOUNT_PPM
    assert 0 < facts['measuring_ns'] <= MEASURING_NS


# --- the battery clock ---

def printed_date(lines):
    """What `date` printed; the log's own line has words before it."""
    found = [match[1] for line in lines if (match := re.fullmatch(r'([0-9-]{10} [0-9:]{8}) UTC', line))]
    assert len(found) == 1, lines
    return datetime.datetime.strptime(found[0], '%Y-%m-%d %H:%M:%S')


# Later dates QEMU itself loses: up to 10.0 it counts days in 32 bits of seconds.
@pytest.mark.parametrize('base', ['2024-02-29T23:59:58', '2000-01-01T00:00:00', '1999-12-31T23:59:59', '2038-01-19T03:14:08'])
def test_the_date_is_the_battery_clocks(base, boot):
    outcome = boot('date; exit', **machine(extra=('-rtc', f'base={base}')))
    assert outcome.verdict == 'pass', outcome.words
    passed = printed_date(outcome.stream.lines) - datetime.datetime.fromisoformat(base)
    assert 0 <= passed.total_seconds() <= outcome.seconds + 1
