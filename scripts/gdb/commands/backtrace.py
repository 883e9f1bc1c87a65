# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-backtrace [CPU], and what makes gdb's own `backtrace` go through exceptions and interrupts.

trap_common (kernel64/trap/traps.asm) has no unwind information. The unwinder below supplies it: at the call
of trap_dispatch(), RBP points at a frame of two words, and struct trap_frame, the interrupted code's
registers, is after it.
"""
import gdb
from gdb.unwinder import Unwinder, register_unwinder

from commands.target import KernelCommand, cpu_of, cpus_of, evaluate_number, parse, selected, symbol, threads

REGISTERS = ('r15', 'r14', 'r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'rbp', 'rdi', 'rsi', 'rdx', 'rcx', 'rbx')


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TrapUnwinder(Unwinder):
    """From trap_common to the code that the exception or interrupt has cut."""

    def __init__(self):
        super().__init__('ashlar-trap')

    def __call__(self, pending):
        pc = int(pending.read_register('rip')) & (1 << 64) - 1
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


register_unwinder(None, TrapUnwinder(), replace=True)
Backtrace()
