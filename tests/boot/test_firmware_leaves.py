# SPDX-License-Identifier: BSD-2-Clause
"""What firmware set up on the first CPU and INIT or firmware itself has not on the others: docs/smp.md."""
import re

import firmware_leaves
import gdb_script

HANG_SECONDS = 120
PROMPT = r'^ashlar> '
LVT_THERMAL = 0xFEE00330
SMI = 0x200
MSR_MTRR_DEF_TYPE = 0x2FF
FIXED = (0x250, 0x258, 0x259, *range(0x268, 0x270))


def local_thermal_entry(session, apic_id):
    text = session.qmp('human-monitor-command', **{'command-line': f'info lapic {apic_id}'})
    return int(re.search(r'LVTTHMR\s+(0x[0-9a-f]+)', text)[1], 16)


def test_aps_copy_the_thermal_smi_setting_of_the_bsp(start, build):
    session = firmware_leaves.start_after(
        start, build, firmware_leaves.store(LVT_THERMAL, SMI), smp='3', qmp=True
    )
    session.expect(PROMPT, HANG_SECONDS)
    assert [local_thermal_entry(session, apic_id) for apic_id in range(3)] == [SMI] * 3
    session.type('cpus off 1; cpus on 1\n')
    session.expect(PROMPT, HANG_SECONDS)
    assert local_thermal_entry(session, 1) == SMI


def test_a_thermal_interrupt_that_is_no_smi_is_masked(start, build):
    session = firmware_leaves.start_after(
        start, build, firmware_leaves.store(LVT_THERMAL, 0x35), smp='2', qmp=True
    )
    session.expect(PROMPT, HANG_SECONDS)
    assert [local_thermal_entry(session, apic_id) & 0x10000 for apic_id in range(2)] == [0x10000] * 2


# QEMU's INIT switches a CPU's MTRRs off, so they always differ from the first one's; that is not named under a hypervisor.


def mtrr_lines(outcome):
    assert outcome.verdict == 'pass', outcome.words
    return [line for line in outcome.stream.lines if ' MTRRs of ' in line]


def test_differing_mtrrs_are_reported_once(boot):
    (line,) = mtrr_lines(boot('exit', boot='kernel', smp='3', cpu='max,-hypervisor'))
    assert re.search(
        r" smp: MTRRs of 2 CPUs differ from the BSP's: CPU 1: MSR 0x2ff is 0, the BSP's 0xc\w\w$",
        line,
    )


def test_a_cpu_brought_online_again_is_compared_again(boot):
    lines = mtrr_lines(boot('cpus off 2; cpus on 2; exit', boot='kernel', smp='3', cpu='max,-hypervisor'))
    assert len(lines) == 2 and ' MTRRs of 1 CPUs ' in lines[1] and ': CPU 2: ' in lines[1]


def test_disabled_mtrrs_are_not_reported_under_a_hypervisor(boot):
    assert mtrr_lines(boot('exit', boot='kernel', smp='3')) == []


def test_equal_mtrrs_are_not_reported(start, build):
    session = firmware_leaves.start_after(
        start,
        build,
        firmware_leaves.write_msr(MSR_MTRR_DEF_TYPE, 0)
        + b''.join(firmware_leaves.write_msr(msr, 0) for msr in (*FIXED, *range(0x200, 0x210))),
        smp='3',
        cpu='max,-hypervisor',
        cmdline='run="exit"',
    )
    assert mtrr_lines(session.wait(HANG_SECONDS)) == []


RETURN = ['set $rip = {long}$rsp', 'set $rsp = $rsp + 8']


def test_a_local_apic_that_firmware_disabled_is_left_disabled_if_it_cannot_be_mapped(start, build):
    """QEMU enables no local APIC that was disabled, so gdb makes the first read of IA32_APIC_BASE return that it is, and
    the mapping of its registers fail."""
    session = start(
        extra=gdb_script.WAITING,
        boot='kernel',
        build_name='gcc-O2-checked',
        cmdline='run="report irq; regs; exit"',
    )
    fail_to_map = ['continue', 'set $rax = 0', *RETURN]
    commands = [
        "hbreak *(long)&'lapic_mode.c'::read_base",
        'continue',
        'set {unsigned long}$rdi = 0xfee00100',
        *RETURN,
        'delete',
        'hbreak *(long)&device_map_lapic',
        *fail_to_map,
        *fail_to_map,
        'delete',
        'detach',
    ]
    gdb_script.execute(session, build('gcc-O2-checked').path('kernel64/kernel64'), commands)
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    facts = outcome.stream.fact('irq')
    assert (facts['lapic'], facts['lapic_found']) == ('none', 'none')
    (line,) = (line for line in outcome.stream.lines if line.startswith('apic_base '))
    assert line.endswith(', off, BSP'), line
