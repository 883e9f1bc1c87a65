# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-owner ADDRESS: what an address belongs to: a variable, a stack, a slab's object, a block of frames.

The way is the kernel's own: the frame's descriptor (include/ashlar/mm/frames.h) leads to the slab
(mm/slab/slab_private.h); an object whose bit is clear is in use, unless it waits in a magazine or in a
checked cache's quarantine.
"""
import contextlib

import gdb

from commands.slabs import TRAILS, magazines, name_of, trail_of
from commands.target import (
    DIRECT_MAP_END,
    DIRECT_MAP_START,
    KERNEL_IMAGE_START,
    MASK,
    KernelCommand,
    at,
    cpu_count,
    evaluate_number,
    number,
    parse,
    percpu_distance,
    percpu_section,
    percpu_variables,
    read,
    symbol,
)

PAGE = 4096


def descriptor(virtual):
    """State and index in the struct frame of a frame in the direct map: port_frame(). Read as words, because
    kernel64/panic/backtrace.c has a struct of that name, too."""
    content = read(((virtual & -PAGE) - (1 << 64) >> 9) & MASK, 8)
    return int.from_bytes(content[:4], 'little'), int.from_bytes(content[4:], 'little')


# ---- objects ----


def find_in_magazines(cache, wanted):
    """The place of a free object that is not in its slab; None: nowhere, so it is in use."""
    for where, magazine, count in magazines(cache):
        if any(number(magazine['slots'][i]) == wanted for i in range(1, count + 1)):
            return f'free, in {where}'
    return None


def lines_of_trail(cache, place):
    """The content of a checked object's trail."""
    trail = trail_of(cache, place)
    state = number(trail['state'])
    if state not in TRAILS:
        yield 'its trail is overwritten'
        return
    yield f'{TRAILS[state]}, {number(trail["requested"])} bytes were asked for'
    for word in ('allocated_from', 'freed_from'):
        if number(trail[word]):
            yield f'{word.replace("_", " ")} {symbol(number(trail[word]))}'


def lines_of_object(virtual, index_of_slab):
    slab = at(DIRECT_MAP_START + index_of_slab * 64, 'struct slab')  # slab_find()
    cache = parse('slab_caches')[number(slab['cache'])].dereference()
    front = number(cache['front'])
    first, stride = number(slab['objects']), number(cache['stride'])
    index, inside = divmod(virtual - first + front, stride)
    title = f'slab {int(slab.address) & MASK:#x} of cache "{name_of(cache)}"'
    yield f'{title}, objects of {number(cache["object_size"])} bytes'
    if index not in range(number(cache['per_slab'])):
        yield "not in an object: the slab's own data, or the rest after its last object"
        return
    start = first + index * stride
    yield f'object {index}, {start:#x}, at offset {inside - front}'
    if number(slab['free'][index // 64]) >> index % 64 & 1:
        yield 'free, in the slab'
    elif number(cache['is_checked']):
        yield from lines_of_trail(cache, start)
    else:
        yield find_in_magazines(cache, start) or 'in use'


# ---- everything else ----


def lines_of_frame(virtual):
    yield f'P{virtual - DIRECT_MAP_START:#x} in the direct map'
    try:
        state, index = descriptor(virtual)
    except gdb.MemoryError:
        yield 'its frame has no descriptor: not RAM of the allocator, or in a block of 1 GiB that was never split'
        return
    kind, order = state & 0xFF, state >> 8 & 0xFF
    names = [field.name for field in gdb.lookup_type('enum frame_kind').fields()]
    if kind < len(names) and names[kind] == 'FRAME_SLAB':
        yield from lines_of_object(virtual, index)
    else:
        yield f'frame: {names[kind] if kind < len(names) else kind}, order {order}'


def stack_of(address):
    stack = parse("'panic/stacks.c'::stacks")
    while number(stack):
        bottom, top = number(stack['bottom']['raw']), number(stack['top']['raw'])
        if bottom - PAGE <= address < top:
            guard = 'guard page of ' if address < bottom else ''
            return f'{guard}stack "{stack["name"].string()}", {top - address} bytes below its top'
        stack = stack['next']
    return None


def percpu_of(address):
    section = percpu_section()
    for cpu in range(cpu_count()):
        linked = (address - percpu_distance(cpu)) & MASK
        if linked not in section:
            continue
        for name, value in percpu_variables().items():
            offset = linked - (int(value.address) & MASK)
            if 0 <= offset < value.type.sizeof:
                return f'per-CPU variable {name} of cpu {cpu}, offset {offset}'
        return f'per-CPU data of cpu {cpu}'
    return None


def lines_of(address):
    for found in (stack_of(address), percpu_of(address)):
        if found:
            yield found
    if DIRECT_MAP_START <= address < DIRECT_MAP_END:
        yield from lines_of_frame(address)
    elif address >= KERNEL_IMAGE_START:
        with contextlib.suppress(gdb.error):
            yield symbol(address)


class Owner(KernelCommand):
    """Print what an address belongs to: a variable, a stack, an object of a slab, a block of frames.
    ashlar-owner ADDRESS: of kernel64; physical memory is at its address in the direct map.
    Of an object: its cache, its start, whether it is in use, and in a checked build who allocated it."""

    name, arguments, words_most = 'ashlar-owner', 'ADDRESS', 1

    def run(self, expression=None):
        if expression is None:
            raise gdb.GdbError(f'usage: {self.name} {self.arguments}')
        address = evaluate_number(expression)
        lines = list(lines_of(address)) or ['unknown: not in the image, the direct map, or a stack']
        print('\n'.join([f'{address:#x}:'] + [f'    {line}' for line in lines]))


Owner()
