# SPDX-License-Identifier: BSD-2-Clause
"""`cpu` on CPUs with errata, and the workarounds: docs/smp.md. The table is tested hosted."""
import pytest

import gdb_script

HANG_SECONDS = 120
C1E = 'erratum: the LAPIC timer stops in C1E: C1E disabled, or LAPIC timers not used ('
DEADLINE = 'erratum: TSC-deadline timers are late or lost: one-shot timers used; fixed by newer microcode ('
X2APIC = 'erratum: firmware fails with CPUs in x2APIC mode: xAPIC mode kept ('


# QEMU's models, without the hypervisor bit: under a hypervisor no erratum applies.
@pytest.mark.parametrize(
    'model, errata',
    [
        ('phenom', [C1E]),
        ('Haswell', [DEADLINE]),
        ('Skylake-Client', [DEADLINE]),
        ('SandyBridge', [X2APIC]),
        ('Nehalem', []),
        ('EPYC', []),
    ],
)
def test_cpu_lists_errata_that_apply(model, errata, boot):
    outcome = boot('cpu; report time; exit', boot='kernel', cpu=f'{model},-hypervisor')
    assert outcome.verdict == 'pass', outcome.words
    said = [line for line in outcome.stream.lines if line.startswith('erratum: ')]
    assert len(said) == len(errata) and all(line.startswith(words) for line, words in zip(said, errata)), said
    # QEMU has no C1E, so nothing has to be switched off, and no TSC-deadline.
    assert outcome.stream.fact('time')['events'] == 'lapic'
    assert not any('C1E cannot be disabled' in line for line in outcome.stream.lines)


def test_no_erratum_applies_under_a_hypervisor(boot):
    outcome = boot('cpu; exit', boot='kernel', cpu='Haswell')
    assert not any('erratum' in line for line in outcome.stream.lines)


def test_the_lapic_timer_is_not_used_where_c1e_stays_enabled(start, build):
    """gdb makes the read of MSRC001_0055, which QEMU does not have, return that C1E is still enabled."""
    session = start(
        extra=gdb_script.WAITING,
        boot='kernel',
        cpu='phenom,-hypervisor',
        cmdline='run="report time; test time.*; exit"',
    )
    commands = [
        'hbreak switch_c1e_off',
        'continue',
        'set {char}$rdi = 1',
        'set $rip = {long}$rsp',
        'set $rsp = $rsp + 8',
        'delete',
        'detach',
    ]
    gdb_script.execute(session, build().path('kernel64/kernel64'), commands)
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any(' cpu: C1E cannot be disabled: LAPIC timers not used' in line for line in outcome.stream.lines)
    assert outcome.stream.fact('time')['events'] == 'hpet'
