# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-backtrace [CPU], and what makes gdb's own `backtrace` go through exceptions and interrupts.

trap_common (kernel64/trap/traps.asm) has no unwind information. The unwinder below supplies it: at the call
of trap_dispatch(), RBP points at a frame of two words, and struct trap_frame, the interrupted code's
registers, is after it.
"""
import contextlib
import re

import gdb
from gdb.unwinder import Unwinder, register_unwinder

from commands.target import (
    MASK,
    KernelCommand,
    at,
    cpu_of,
    cpus_of,
    number,
    selected,
    symbol,
    threads,
    word_at,
)

REGISTERS = ('r15', 'r14', 'r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'rbp', 'rdi', 'rsi', 'rdx', 'rcx', 'rbx')


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TrapUnwinder(Unwinder):
    """From trap_common to the code that the exception or interrupt has interrupted."""

    def __init__(self):
        super().__init__('ashlar-trap')

    def __call__(self, pending):
        pc = int(pending.read_register('rip')) & MASK
        if gdb.execute(f'info symbol {pc:#x}', to_string=True).split(' ')[0] != 'trap_common':
            return None
        word = gdb.lookup_type('unsigned long')
        base = int(pending.read_register('rbp').cast(word))
        # Before RBP is set up, and after it was restored, this is no frame of trap_common.
        sp = int(pending.read_register('rsp').cast(word))
        if base != sp:
            return None
        frame = gdb.Value(base + 16).cast(gdb.lookup_type('struct trap_frame').pointer())
        info = pending.create_unwind_info(FrameId(gdb.Value(base), gdb.Value(pc)))
        for name in (*REGISTERS, 'rax', 'rip', 'rsp'):
            info.add_saved_register(name, frame[name].cast(word))
        return info


# ---- where gdb stops ----

CALLERS_MOST = 48
KERNEL_NAME = re.compile(r'^[a-z_]\w*\+?\d* at ', re.IGNORECASE)


def callers(rsp, frame_pointer):
    """Return addresses by frame pointers. The first is the word at RSP if that is in code: the interrupted function may
    have no frame (kernel64/panic/backtrace.c)."""
    with contextlib.suppress(gdb.MemoryError):
        if KERNEL_NAME.match(symbol(word_at(rsp) - 1)):
            yield word_at(rsp)
        for _ in range(CALLERS_MOST):
            yield word_at(frame_pointer + 8)
            above = word_at(frame_pointer)
            if above <= frame_pointer:
                return
            frame_pointer = above


def print_rest():
    """gdb ends a backtrace at a caller whose stack is below its callee's, as when an NMI, on its own stack, interrupts a CPU
    whose stack is at a lower address. The callers from there on are printed by frame pointers."""
    frame, trap = gdb.newest_frame(), None
    while True:
        trap = frame if frame.name() == 'trap_common' else trap
        older = frame.older()
        if older is None:
            break
        frame = older
    if trap is None or frame.unwind_stop_reason() != gdb.FRAME_UNWIND_INNER_ID:
        return
    cut = at(number(trap.read_register('rbp')) + 16, 'struct trap_frame')
    print('on another stack, by frame pointers:')
    for address in callers(number(cut['rsp']), number(cut['rbp'])):
        print(f'    {symbol(address - 1)}')


class Backtrace(KernelCommand):
    """Print the backtraces of CPUs, through exceptions and interrupts.
    ashlar-backtrace [CPU]: of all CPUs, or of one, by the kernel's numbers.
    `thread N`, with the N that is printed, makes gdb's own commands use that CPU."""

    name, arguments, words_most = 'ashlar-backtrace', '[CPU]', 1

    def run(self, cpu=None):
        wanted = cpus_of(cpu)
        for thread in threads():
            found = cpu_of(thread)
            if found is None and cpu is None:
                print(f'thread {thread.num}: does not run the kernel')
            if found is None or found not in wanted:
                continue
            print(f'cpu {found}, thread {thread.num}:')
            with selected(thread):
                gdb.execute('backtrace')
                print_rest()


register_unwinder(None, TrapUnwinder(), replace=True)
Backtrace()
