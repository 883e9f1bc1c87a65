# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-percpu: per-CPU variables (kernel64/cpu/percpu.h), each CPU's copy."""
import gdb

from commands.target import KernelCommand, cpus_of, percpu, percpu_variables


class PerCpu(KernelCommand):
    """Print per-CPU variables.
    ashlar-percpu: the names and types of all.
    ashlar-percpu NAME [CPU]: the value on each CPU, or on one. NAME is as in PERCPU(type, NAME)."""

    name, arguments, words_most = 'ashlar-percpu', '[NAME [CPU]]', 2

    def run(self, name=None, cpu=None):
        found = percpu_variables()
        if name is None:
            width = max(map(len, found))
            for each, value in found.items():
                print(f'{each:{width}} {value.type.sizeof:6} bytes  {value.type}')
            return
        if name not in found:
            raise gdb.GdbError(f'no per-CPU variable {name}; ashlar-percpu lists them')
        for number in cpus_of(cpu):
            print(f'cpu {number}: {percpu(found[name], number).format_string(max_depth=4)}')


PerCpu()
