# SPDX-License-Identifier: BSD-2-Clause
"""Hardware errors, by QEMU's `mce`, in a machine whose firmware disabled all reporting: docs/traps.md."""
import re

import firmware_leaves

HANG_SECONDS = 120
PROMPT = r'^ashlar> '
MCG_CTL, MC0_CTL, MC0_STATUS = 0x17B, 0x400, 0x401
BANKS = 10  # QEMU's

# IA32_MCi_STATUS: valid, enabled, MISC and ADDR valid (Intel SDM vol. 3B, "IA32_MCi_STATUS MSRs"); a memory read error of
# channel 1.
CORRECTED = 0x9C00000000000091
# Uncorrected, the CPU's state lost; an internal parity error.
UNCORRECTED = 0xB200000000000005

CONTROLS_OFF = firmware_leaves.write_msr(MCG_CTL, 0) + b''.join(
    firmware_leaves.write_msr(MC0_CTL + 4 * bank, 0) for bank in range(BANKS)
)


def inject(session, bank, status, mcg_status=0):
    words = f'mce 0 {bank} {status:#x} {mcg_status:#x} 0x1000 0x8c'
    return session.qmp('human-monitor-command', **{'command-line': words})


def test_an_uncorrected_error_is_an_exception_whatever_firmware_configured(start, build):
    session = firmware_leaves.start_after(start, build, CONTROLS_OFF, smp='2', qmp=True)
    session.expect(PROMPT, HANG_SECONDS)
    # QEMU reports here that reporting is disabled if the controls are 0.
    assert inject(session, 1, UNCORRECTED, 0x5) == ''
    session.expect(r'EXCEPTION 18: machine check', HANG_SECONDS)
    session.expect(rf'bank 1: status {UNCORRECTED:016x}', HANG_SECONDS)
    session.expect(r'"type":"verdict","status":"panic"', HANG_SECONDS)


def test_corrected_errors_are_polled_and_counted(start):
    session = start(boot='kernel', smp='2', qmp=True, cmdline='mcepoll=1')
    session.expect(PROMPT, HANG_SECONDS)
    for bank in (3, 4):
        assert inject(session, bank, CORRECTED) == ''
        line = session.expect(
            rf' mce: bank {bank}: .*corrected.*: status {CORRECTED:#x}, address P0x1000$', HANG_SECONDS
        )
        assert 'uncorrected' not in line[0]
    session.type('report mce -j\n')
    session.expect(
        rf'"type":"mce","banks":{BANKS},"corrected":2,"uncorrected":0,"from_before":0', HANG_SECONDS
    )


def test_mce_polls_at_once(start):
    session = start(boot='kernel', smp='2', qmp=True, cmdline='mcepoll=0')
    session.expect(PROMPT, HANG_SECONDS)
    assert inject(session, 2, CORRECTED) == ''
    session.type('mce\n')
    session.expect(r'^cpu 0: 1 corrected, 0 uncorrected', HANG_SECONDS)
    session.expect(r'^cpu 1: 0 corrected', HANG_SECONDS)
    # It was cleared: the next poll finds nothing.
    session.type('mce\n')
    session.expect(r'^cpu 0: 1 corrected', HANG_SECONDS)


def test_errors_from_before_the_boot_are_reported_and_cleared(start, build):
    code = firmware_leaves.write_msr(MC0_STATUS + 4 * 5, CORRECTED & ~(1 << 58))
    session = firmware_leaves.start_after(start, build, code, cmdline='run="mce; mce; exit"')
    outcome = session.wait(HANG_SECONDS)
    assert outcome.verdict == 'pass', outcome.words
    lines = outcome.stream.lines
    assert (
        sum(
            bool(re.search(r' mce: bank 5, from before the boot: .*, address unknown', line))
            for line in lines
        )
        == 1
    )
    assert (
        sum(
            line.startswith('cpu 0: 0 corrected, 0 uncorrected without an exception, 1 from before')
            for line in lines
        )
        == 2
    )
