# SPDX-License-Identifier: BSD-2-Clause
"""What the commands need of the stopped machine: registers, memory, CPUs, symbols, per-CPU data.

All of it is read by gdb alone: no code of the kernel runs, so the commands also work after a panic, in a
machine that hangs, and in one that QEMU has stopped at a triple fault.
"""
import contextlib
import re

import gdb

# The address map: include/ashlar/layout.h.
KERNEL_IMAGE_START = 0xFFFFFFFF80000000
DIRECT_MAP_START, DIRECT_MAP_END = 0xFFFF800000000000, 0xFFFFC00000000000
UNSIGNED_LONG = 'unsigned long'
MASK = (1 << 64) - 1  # gdb's addresses may be negative numbers


def parse(expression):
    return gdb.parse_and_eval(expression)


def number(value):
    """A gdb.Value of any scalar type as an unsigned number."""
    return int(value.cast(gdb.lookup_type(UNSIGNED_LONG)))


def evaluate_number(expression):
    """An expression that a user typed."""
    return number(parse(f'({UNSIGNED_LONG})({expression})'))


def register(name):
    return evaluate_number(f'${name}')


def is_dump():
    """Whether a memory dump is read: it has no control registers."""
    return parse('$cr0').type.code == gdb.TYPE_CODE_VOID


def is_paging():
    """Whether the selected CPU has paging on. A dump was made through the page tables."""
    return is_dump() or register('cr0') >> 31 == 1


def read(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


def word_at(address):
    return int.from_bytes(read(address, 8), 'little')


def read_physical(address):
    """The 64-bit word at a physical address (QEMU's gdbstub only)."""
    gdb.execute('maintenance packet Qqemu.PhyMemMode:1', to_string=True)
    try:
        return word_at(address)
    finally:
        gdb.execute('maintenance packet Qqemu.PhyMemMode:0', to_string=True)


def at_type(address, kind):
    """The object of that type at a virtual address."""
    return gdb.Value(address & MASK).cast(kind.pointer()).dereference()


def at(address, type_name):
    return at_type(address, gdb.lookup_type(type_name))


def symbol(address):
    """ "function+offset at file:line"; the bare number when it is not in the kernel."""
    text = gdb.execute(f'info symbol {address:#x}', to_string=True).split(' in section')[0]
    if text.startswith('No symbol'):
        return f'{address:#x}'
    line = gdb.find_pc_line(address)
    name = text.strip().replace(' + ', '+')
    return f'{name} at {short_path(line.symtab.filename)}:{line.line}' if line.symtab else name


def short_path(path):
    return re.sub(r'^(\.\./)+', '', path)


# ---- CPUs ----


def threads():
    return sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num)


@contextlib.contextmanager
def selected(thread):
    """Within it, @thread is selected."""
    before, frame = gdb.selected_thread(), None
    with contextlib.suppress(gdb.error):
        frame = gdb.selected_frame()
    thread.switch()
    try:
        yield
    finally:
        before.switch()
        if frame is not None and frame.is_valid():
            frame.select()


def maps_kernel():
    """Whether the selected CPU's page tables map the kernel; those of a CPU that was reset do not."""
    try:
        return number(parse("*(unsigned char *)&'cpu/percpu.c'::count")) > 0 and is_paging()
    except gdb.MemoryError:
        return False


@contextlib.contextmanager
def kernel_memory():
    """Within it, a CPU is selected whose page tables map the kernel."""
    if maps_kernel():
        yield
        return
    for thread in threads():
        with selected(thread):
            if maps_kernel():
                yield
                return
    raise gdb.GdbError(
        'the page tables of no CPU map the kernel: it does not run yet, or all CPUs were reset'
    )


def cpu_count():
    return number(parse("'cpu/percpu.c'::count"))


def percpu_distance(cpu):
    return number(parse(f"'cpu/percpu.c'::distances[{cpu}]"))


def percpu(value, cpu):
    """The copy that @cpu has of @value, the first CPU's."""
    return at_type(int(value.address) + percpu_distance(cpu), value.type)


def cpus_of(argument):
    """The CPU numbers that an argument names; all without one."""
    if not argument:
        return range(cpu_count())
    cpu = evaluate_number(argument)
    if cpu >= cpu_count():
        raise gdb.GdbError(f'no CPU {cpu}: there are {cpu_count()}')
    return range(cpu, cpu + 1)


def cpu_of(thread):
    """The kernel's number of the CPU that a thread of gdb is; None while it does not run the kernel."""
    with selected(thread):
        if not maps_kernel():
            return None
        distance = register('gs_base')
        for cpu in range(cpu_count()):
            if percpu_distance(cpu) == distance:
                return cpu
    return None


# ---- variables ----

NAME = re.compile(r'\(\*(?:const )?(\w+)|(\w+)(?:\[[^]]*\])*;$')


def variables():
    """(name, value) of each variable at file scope in kernel64. The value is read when it is used."""
    path = ''
    for line in gdb.execute('info variables -q -n', to_string=True).splitlines():
        if line.startswith('File '):
            path = line[5:-1]
        match = NAME.search(line) if '\t' in line else None
        if not match or 'stub32/' in path:
            continue
        name = match[1] or match[2]
        with contextlib.suppress(gdb.error):
            value = parse(f"'{path}'::{name}")
            # One that the compiler has removed has no address.
            if value.address is not None and int(value.address) & MASK >= KERNEL_IMAGE_START:
                yield name, value


def percpu_section():
    """The addresses of the first CPU's per-CPU variables."""
    return range(*(evaluate_number(f'&__percpu_{edge}') for edge in ('start', 'end')))


def percpu_variables():
    """(name, value of the first CPU's) of each per-CPU variable, by name."""
    section = percpu_section()
    found = {}
    for name, value in variables():
        if int(value.address) & MASK in section:
            found[re.sub(r'^percpu_(array_)?', '', name)] = value
    return dict(sorted(found.items()))


# ---- commands ----


class KernelCommand(gdb.Command):
    """A command that reads the kernel's memory: run() with the words of its arguments.

    Its doc string is its help: the first line says what it does, the next what it is called with.
    """

    name = ''
    arguments = ''
    words_most = 0

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = argument.split() if self.words_most != 1 else [argument] if argument.strip() else []
        if len(words) > self.words_most:
            raise gdb.GdbError(f'usage: {self.name} {self.arguments}'.rstrip())
        with kernel_memory():
            self.run(*words)
