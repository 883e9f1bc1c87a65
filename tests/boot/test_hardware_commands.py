# SPDX-License-Identifier: BSD-2-Clause
"""Commands that look at the machine itself: registers, ports, physical memory; and the names people try."""
import re

PROMPT = r'^ashlar> '
SECONDS = 60


def rows(outcome):
    return [line for line in outcome.stream.lines if not line.startswith('[')]


def test_registers_and_ports_are_read_and_written(boot):
    outcome = boot(
        'cpuid 0; cpuid; msr 0x1b; out 0x70 0x0b; in 0x71; in 0x71 2; out 0x80 0x1234 2; exit', boot='kernel'
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = rows(outcome)
    assert any(
        re.match(r'00000000  0  0000\w{4} \w{8} \w{8} \w{8}  \S{4}(Auth|Genu)', line) for line in lines
    )
    assert any(line.startswith('80000008  0  ') for line in lines)
    assert 'msr 0x1b is 0x00000000fee00900' in lines
    # Status register B of the real-time clock: 24 hours.
    assert 'port 0x71 is 0x02' in lines
    assert all(len(line) < 80 for line in lines if not line.startswith('@'))


def test_a_leaf_above_the_last_one_has_a_remark(boot):
    outcome = boot('cpuid 0x5000; cpuid 0x80005000; cpuid 0x40005000; cpuid 0; exit', boot='kernel')
    assert outcome.verdict == 'pass', outcome.words
    remarks = [line for line in rows(outcome) if line.startswith('leaf 0x')]
    assert len(remarks) == 2
    for leaf, remark in zip(('0x5000', '0x80005000'), remarks):
        assert re.fullmatch(rf'leaf {leaf} is above the last one, 0x\w+: these values mean nothing', remark)


def test_a_refused_register_is_a_message(boot):
    # IA32_PKRS has 32 bits.
    outcome = boot('msr 0x6e1 0x100000000; msr 0x1b; msr 0x174 0; exit', boot='kernel')
    assert outcome.verdict == 'fail'
    lines = rows(outcome)
    assert 'msr 0x6e1: refused by the CPU or the hypervisor (#GP)' in lines
    assert 'msr 0x1b is 0x00000000fee00900' in lines
    assert 'msr 0x174 set to 0x0000000000000000' in lines


def test_physical_addresses_are_accepted_as_printed(boot):
    outcome = boot(
        'peek P0xffff0 16; poke P0x100200 0x5a; peek P0x100200 1; walk P0x100200; peek P0xfed40000 4 4; exit',
        boot='kernel',
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = rows(outcome)
    # The date of the BIOS, below the end of the first MiB.
    assert any(line.startswith('P00000000000ffff8 ') and '23/99' in line for line in lines)
    assert any(line.startswith('P0000000000100200  5a ') for line in lines)
    assert any('P0x100200' in line for line in lines)


def test_addresses_of_rows_and_backtraces_are_accepted_as_printed(boot):
    outcome = boot(
        'peek P0000000000100040 8; peek ffffffff80000000 8; walk ffff800000100040; exit', boot='kernel'
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = rows(outcome)
    assert any(line.startswith('P0000000000100040  ') for line in lines)
    assert any(line.startswith('ffffffff80000000  ') for line in lines)
    assert any(' is P0x100040, ' in line for line in lines)


def test_rows_of_memory_and_tables_fit_80_columns(boot):
    looks = '; '.join(
        f'peek {at} 24 {width}' for at in ('P0x100000', 'kernel64_main') for width in (1, 2, 4, 8)
    )
    outcome = boot(
        f'{looks}; walk kernel64_main; walk P0x100200; walk 0xffffd00000007000; exit', boot='kernel'
    )
    assert outcome.verdict == 'pass', outcome.words
    lines = [line for line in rows(outcome) if line and not line.startswith('@')]
    assert all(len(line) < 80 for line in lines), lines
    peeked = [line for line in lines if re.match(r'P?[0-9a-f]{16}  ', line)]
    # 24 bytes are 3 rows of 8 bytes, and 2 of at most 16 in larger units.
    assert len(peeked) == 2 * (3 + 2 + 2 + 2), lines
    assert [len(line.split('  ')[1].split()) for line in peeked] == 2 * [8, 8, 8, 8, 4, 4, 2, 2, 1], peeked


def test_addresses_that_cannot_be_right_are_refused(boot):
    outcome = boot(
        'poke P0xb8000 1; peek P0xffffffffff000 1; poke kernel64_main 1; poke 0x8000000000000000 1; exit',
        boot='kernel',
    )
    assert outcome.verdict == 'fail'
    log = '\n'.join(outcome.stream.lines)
    assert log.count('run=: command') == 4
    assert 'address in the first MiB' in log
    assert 'P0xffffffffff000 cannot be read: ' in log
    assert log.count(' cannot be written: ') == 3


def test_other_names_and_capitals_are_known(start):
    session = start(boot='kernel')
    session.expect(PROMPT, SECONDS)
    for line, answer in {
        'HELP Quit': 'alias +halt, poweroff, quit, shutdown',
        '?': '^machine ',
        'Dmesg Bogus': '^end of the log',
        'free': 'bytes of RAM',
        'CLEAR; date': ' UTC',
    }.items():
        session.type(line + '\n')
        session.expect(answer, SECONDS)
        if session.expect(f'--More--|{PROMPT}', SECONDS)[0] == '--More--':
            session.type('q')
            session.expect('ashlar> ', SECONDS)
    session.type('Shutdown\n')
    assert session.wait(SECONDS).verdict == 'pass'
