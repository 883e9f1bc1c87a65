# SPDX-License-Identifier: BSD-2-Clause
"""`cpu` on CPUs with errata, and the workarounds: docs/smp.md. The table is tested hosted."""
import subprocess

import pytest

import firmware_leaves

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
        extra=firmware_leaves.WAITING,
        boot='kernel',
        cpu='phenom,-hypervisor',
        cmdline='run="report time; test time.*; exit"',
    )
    socket = session.folder / 'gdb.sock'
    session.wait_for_file(socket)
    commands = [
        'set pagination off',
        'set confirm off',
        'set architecture i386:x86-64',
        f'target remote {socket}',
        'hbreak switch_c1e_off',
        'continue',
        'set {char}$rdi = 1',
        'set $rip = {long}$rsp',
        'set $rsp = $rsp + 8',
        'delete',
        'detach',
    ]
    script = session.folder / 'c1e.gdb'
    script.write_text('\n'.join(commands) + '\n')
    subprocess.run(
        ['gdb', '-nx', '-batch', str(build().folder / 'kernel64/kernel64'), '-x', str(script)],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    assert any(' cpu: C1E cannot be disabled: LAPIC timers not used' in line for line in outcome.stream.lines)
    assert outcome.stream.fact('time')['events'] == 'hpet'
