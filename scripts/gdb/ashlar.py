# SPDX-License-Identifier: BSD-2-Clause
"""gdb commands for Ashlar; sourced by ashlar.gdb. `help COMMAND` explains each.

    ashlar-symbols              load the symbols of kernel64 and of stub32
    ashlar-connect              connect to the machine that waits (ASHLAR_GDB, else port 1234)
    ashlar-relocate             move stub32's symbols to where the loader put it
    ashlar-walk ADDRESS         the page-table walk of a virtual address, level by level
    ashlar-log [LEVEL]          the log, from memory
    ashlar-backtrace [CPU]      backtraces, through exceptions and interrupts
    ashlar-locks                spinlocks held and waited for
    ashlar-percpu [NAME [CPU]]  per-CPU variables
    ashlar-timers [CPU]         armed timers
    ashlar-owner ADDRESS        what an address belongs to
    ashlar-slabs [CACHE]        caches of objects; who allocated those of one

The first three are here, each of the others in a file of commands/.
"""
import importlib
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from commands.target import read_physical  # noqa: E402 (the path above comes first)

BUILD = os.environ.get('ASHLAR_BUILD', 'build')
KERNEL64 = os.path.join(BUILD, 'kernel64/kernel64')
STUB32 = os.path.join(BUILD, 'stub32/ashlar.elf')


class Symbols(gdb.Command):
    """Load the symbols of kernel64 and of stub32."""

    def __init__(self):
        super().__init__('ashlar-symbols', gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        for path in (KERNEL64, STUB32):
            if not os.path.exists(path):
                raise gdb.GdbError(
                    f'no {path}: build first, or set ASHLAR_BUILD, and start gdb in the top folder'
                )
        gdb.execute(f'file {KERNEL64}')
        gdb.execute(f'add-symbol-file {STUB32}', to_string=True)


class Connect(gdb.Command):
    """Connect to the machine that scripts/run --debug started, or to the one that ASHLAR_GDB names."""

    def __init__(self):
        super().__init__('ashlar-connect', gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.execute(f'target remote {os.environ.get("ASHLAR_GDB", ":1234")}')


class Relocate(gdb.Command):
    """Move stub32's symbols to where the loader put it: GRUB may, in steps of 2 MiB. To be used in
    kernel64_main, whose first argument points at the hand-off."""

    def __init__(self):
        super().__init__('ashlar-relocate', gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        handoff = int(gdb.parse_and_eval('(unsigned long)$rdi'))
        loaded = read_physical(handoff + int(gdb.parse_and_eval('(long)&((struct handoff *)0)->image_start')))
        linked = int(gdb.parse_and_eval('(unsigned long)&__image_start')) & 0xFFFFFFFF
        if loaded != linked:
            gdb.execute(f'remove-symbol-file {STUB32}', to_string=True)
            gdb.execute(f'add-symbol-file {STUB32} -o {loaded - linked:#x}', to_string=True)
        print(f'stub32 is at P{loaded:#x}, linked at P{linked:#x}')


Symbols()
Connect()
Relocate()
for subject in ('walk', 'log_ring', 'backtrace', 'locks', 'percpu', 'timers', 'slabs', 'owner'):
    importlib.import_module(f'commands.{subject}')
