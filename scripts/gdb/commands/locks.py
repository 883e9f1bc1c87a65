# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-locks: which CPU holds which spinlock, and which CPU waits.

The owner is in each lock's word and the lock that a CPU waits for in its queue nodes, in every build
(kernel64/sync/spinlock.c). A checked build also has each CPU's stack of locks, with the code that took them
(kernel64/sync/lock_order.c).

Where locks are, the debug information says: all variables are searched for them, and what pointers in them
lead to, where the types say that there may be a lock.
"""
import contextlib

import gdb

from commands.target import (
    KERNEL_IMAGE_START,
    MASK,
    KernelCommand,
    at,
    at_type,
    cpu_count,
    number,
    parse,
    percpu,
    percpu_variables,
    symbol,
    variables,
)

OWNER_SHIFT = 10  # SPIN_CPU_SHIFT
OWNER_FIXED = 2  # RFLAGS_FIXED, set in each owner
VISITS_MOST = 20000


def strip(kind):
    kind = kind.strip_typedefs()
    return kind.unqualified()


def is_lock(kind):
    return kind.code == gdb.TYPE_CODE_STRUCT and kind.tag == 'spinlock'


class Search:
    """All locks that can be reached from variables."""

    def __init__(self):
        self.leads = {}  # by type, whether a lock can be reached from it
        self.visited = set()
        self.found = {}  # by address, the value

    def leads_to_lock(self, kind):
        kind = strip(kind)
        key = str(kind)
        if key not in self.leads:
            self.leads[key] = False  # while it is being answered: a circle adds nothing
            if kind.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_ARRAY):
                self.leads[key] = self.leads_to_lock(kind.target())
            elif kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
                fields = [] if is_lock(kind) else kind.fields()
                self.leads[key] = is_lock(kind) or any(self.leads_to_lock(field.type) for field in fields)
        return self.leads[key]

    def add(self, value):
        pending = [value]
        while pending and len(self.visited) < VISITS_MOST:
            value = pending.pop()
            kind = strip(value.type)
            if not self.leads_to_lock(kind):
                continue
            address = int(value.address) & MASK
            if (address, str(kind)) in self.visited:
                continue
            self.visited.add((address, str(kind)))
            with contextlib.suppress(gdb.MemoryError):
                pending += self.inside(value, kind, address)

    def inside(self, value, kind, address):
        if is_lock(kind):
            self.found[address] = value
        elif kind.code == gdb.TYPE_CODE_PTR:
            target = number(value)
            return [at_type(target, kind.target())] if target else []
        elif kind.code == gdb.TYPE_CODE_ARRAY:
            first, last = kind.range()
            return [value[i] for i in range(first, last + 1)]
        elif kind.tag == 'slab_cache':
            nodes = value['nodes']
            return [value['quarantine']] + [nodes[i] for i in range(number(value['node_count']))]
        elif kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            return [value[field] for field in kind.fields() if self.leads_to_lock(field.type)]
        return []


def all_locks():
    search = Search()
    copies = percpu_variables().values()
    for _, value in variables():
        search.add(value)
    for value in copies:
        for cpu in range(1, cpu_count()):
            if search.leads_to_lock(value.type):
                search.add(percpu(value, cpu))
    return search.found.values()


def owner_of(lock):
    """The CPU that holds it, or None."""
    owner = number(lock['owner'])
    return owner >> OWNER_SHIFT if owner & OWNER_FIXED else None


def name_of(lock):
    address = int(lock.address) & MASK
    if number(lock['kind']) < KERNEL_IMAGE_START:
        return f'lock {address:#x} (not initialised)'
    kind = lock['kind'].dereference()
    classes = gdb.lookup_type('enum lock_class').fields()
    order = number(kind['class'])
    title = classes[order].name if order < len(classes) else f'class {order}'
    return f'"{kind["name"].string()}" ({address:#x}, {title})'


def is_sound(lock):
    """Not what a stale pointer leads to."""
    with contextlib.suppress(gdb.error):
        return number(lock['kind']) >= KERNEL_IMAGE_START and number(lock['kind']['class']) < 64
    return False


def held_stack(cpu):
    """A checked build's entries of the CPU; none in another build."""
    try:
        stack = percpu(parse("'sync/lock_order.c'::percpu_held_stack"), cpu)
    except gdb.error:
        return []
    entries = stack['entries']
    count = min(number(stack['count']), entries.type.range()[1])
    return [entries[i] for i in range(count) if number(entries[i]['kind'])]


def lines_of_stack(entry):
    stack = entry['stack']
    for i in range(stack.type.range()[1] + 1):
        address = number(stack[i])
        if address == 0:
            return
        # The call, and not the instruction after it.
        yield f'    {symbol(address - 1)}'


def waits_of(cpu):
    """The locks that the CPU waits for, the outermost wait first."""
    nodes = percpu(parse("'sync/spinlock.c'::percpu_array_nodes"), cpu)
    for level in range(nodes.type.range()[1] + 1):
        if number(nodes[level]['lock']):
            yield nodes[level]['lock'].dereference()


def lines_of_cpu(cpu, held):
    """@held: the locks whose words name the CPU, by address."""
    traces = {number(entry['lock']): entry for entry in held_stack(cpu)}
    waits = {int(lock.address) & MASK: lock for lock in waits_of(cpu)}
    for address, lock in held.items():
        yield f'cpu {cpu}: holds {name_of(lock)}'
        if address in traces:
            yield from lines_of_stack(traces[address])
    for address, lock in waits.items():
        owner = owner_of(lock)
        yield f'cpu {cpu}: waits for {name_of(lock)}, ' + (
            'which is free' if owner is None else f'held by cpu {owner}'
        )
        if address in traces:
            yield from lines_of_stack(traces[address])
    for address, entry in traces.items():
        lock = at(address, 'struct spinlock')
        if address in held or address in waits:
            continue
        # Not found by the search, or noted before the lock was taken or after it was released.
        yield f'cpu {cpu}: {"holds" if owner_of(lock) == cpu else "takes or releases"} {name_of(lock)}'
        yield from lines_of_stack(entry)


class Locks(KernelCommand):
    """Print which CPU holds which spinlock, and which CPU waits for one.
    ashlar-locks: all that are held or waited for. A checked build also says which code took them."""

    name, arguments, words_most = 'ashlar-locks', '', 0

    def run(self):
        held = {cpu: {} for cpu in range(cpu_count())}
        locks = [lock for lock in all_locks() if is_sound(lock)]
        for lock in locks:
            owner = owner_of(lock)
            if owner in held:
                held[owner][int(lock.address) & MASK] = lock
        lines = [line for cpu in held for line in lines_of_cpu(cpu, held[cpu])]
        print('\n'.join(lines + [f'{len(locks)} locks known, {sum(map(len, held.values()))} held']))


Locks()
