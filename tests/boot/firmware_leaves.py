# SPDX-License-Identifier: BSD-2-Clause
"""A machine whose BSP is in another state than the one that the emulator's firmware leaves.

gdb stops where the loader enters the stub, has the CPU execute a few instructions there, and lets it go on: in 32-bit protected
mode without paging, so physical memory and every MSR are at hand.
"""
import gdb_script

# RAM that nothing uses yet, on machines with more than 64 MiB.
CODE = 0x4000000

# Machine code; EAX, ECX and EDX are free.


def store(address, value):
    """mov dword [address], value"""
    return b'\xc7\x05' + address.to_bytes(4, 'little') + value.to_bytes(4, 'little')


def write_msr(msr, value):
    """mov ecx, msr; mov eax, low; mov edx, high; wrmsr"""
    return (
        b'\xb9'
        + msr.to_bytes(4, 'little')
        + b'\xb8'
        + (value & 0xFFFFFFFF).to_bytes(4, 'little')
        + b'\xba'
        + (value >> 32).to_bytes(4, 'little')
        + b'\x0f\x30'
    )


def start_after(start, build, code, commands=(), build_name='gcc-O2-checked', **words):
    """The session of a machine, started by -kernel, whose first CPU has executed @code; @commands are gdb's,
    executed at the same place."""
    session = start(
        extra=(*words.pop('extra', ()), *gdb_script.WAITING), boot='kernel', build_name=build_name, **words
    )
    lines = [
        'hbreak *(unsigned long)&pvh_entry',
        'continue',
        'set $entry = $rip',
    ]
    lines += [f'set {{unsigned char}}{CODE + i:#x} = {byte}' for i, byte in enumerate(code + b'\x90')]
    lines += [
        *commands,
        'delete',
        f'hbreak *{CODE + len(code):#x}',
        f'set $rip = {CODE:#x}',
        'continue',
        'printf "at %lx\\n", $rip',
        'set $rip = $entry',
        'delete',
        'detach',
    ]
    output = gdb_script.execute(session, build(build_name).elf, lines)
    assert f'at {CODE + len(code):x}' in output, output
    return session
