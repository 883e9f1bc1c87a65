# SPDX-License-Identifier: BSD-2-Clause
"""ashlar-slabs: the caches of objects, as the monitor's `slabs` and `leaks` show them: mm/slab/slab_private.h.

Other files read objects by what is here, too: magazines, and the trail of a checked object.
"""
import collections

import gdb

from commands.target import KernelCommand, at, cpu_count, number, parse, percpu, symbol

TRAILS = {0x46524545: 'free', 0x57414954: 'free, in quarantine', 0x55534544: 'in use'}  # redzone.h
PAGE_KIB = 4


def caches():
    """All caches, by number."""
    table = parse('slab_caches')
    pointers = (table[i] for i in range(table.type.range()[1] + 1))
    return [pointer.dereference() for pointer in pointers if number(pointer)]


def name_of(cache):
    return cache['name'].string()


def nodes_of(cache):
    return [cache['nodes'][node] for node in range(number(cache['node_count']))]


def magazines(cache):
    """(where, magazine, objects in it) of each magazine of a cache, on CPUs and in depots."""
    slot = number(cache['number'])
    for cpu in range(cpu_count()):
        pair = percpu(parse('magazine_pairs'), cpu)['of'][slot]
        top = number(percpu(parse('slab_stacks'), cpu)['of'][slot]['top'])
        if number(pair['loaded']):
            magazine = pair['loaded'].dereference()
            yield f'a magazine of cpu {cpu}', magazine, (top - int(magazine['slots'].address)) // 8
        if number(pair['previous']):
            magazine = pair['previous'].dereference()
            yield f'a magazine of cpu {cpu}', magazine, number(magazine['count'])
    for index, node in enumerate(nodes_of(cache)):
        head = node['first'][0]
        while number(head):
            magazine = head.dereference()
            yield f'the depot of node {index}', magazine, number(magazine['count'])
            head = magazine['next']


def trail_of(cache, place):
    """The trail of a checked object: trail_offset()."""
    offset = (number(cache['object_size']) + 16 + 7) & -8
    return at(place + offset, 'struct trail')


def slabs(node):
    """All slabs of a node."""
    for name in ('partial', 'full'):
        head = node[name].address
        link = node[name]['next']
        while number(link) != number(head):
            slab = link.cast(gdb.lookup_type('struct slab').pointer()).dereference()
            yield slab
            link = slab['link']['next']


# ---- the table ----


class Counts:
    """What a cache has, as slab_count() counts it."""

    def __init__(self, cache):
        nodes = nodes_of(cache)
        self.name, self.size = name_of(cache), number(cache['object_size'])
        self.slabs = sum(number(node['slabs']) for node in nodes)
        self.free = sum(number(node['free']) for node in nodes)
        self.cached = sum(count for _, _, count in magazines(cache))
        if number(cache['quarantine']):
            self.cached += number(cache['quarantine']['count'])
        self.in_use = self.slabs * number(cache['per_slab']) - self.free - self.cached
        self.kib = self.slabs * PAGE_KIB << number(cache['order'])


def lines_of_all():
    yield f'{"cache":16} {"bytes":>6} {"in use":>8} {"cached":>8} {"free":>8} {"slabs":>7} {"KiB":>8}'
    counts = sorted(map(Counts, caches()), key=lambda each: -each.kib)
    for each in counts:
        if each.slabs:
            yield (
                f'{each.name:16} {each.size:6} {each.in_use:8} {each.cached:8} {each.free:8}'
                f' {each.slabs:7} {each.kib:8}'
            )
    yield f'{sum(each.slabs == 0 for each in counts)} more caches are empty'


# ---- the callers of one cache ----


def callers(cache):
    """Objects in use by the address that allocated them."""
    found = collections.Counter()
    for node in nodes_of(cache):
        for slab in slabs(node):
            for index in range(number(cache['per_slab'])):
                trail = trail_of(cache, number(slab['objects']) + index * number(cache['stride']))
                if TRAILS.get(number(trail['state'])) == 'in use':
                    found[number(trail['allocated_from'])] += 1
    return found


def lines_of_callers(cache):
    if not number(cache['is_checked']):
        yield f'{Counts(cache).in_use:9} objects in use; callers unknown: the cache is not checked'
        return
    for caller, count in callers(cache).most_common():
        yield f'{count:9} allocated from {symbol(caller)}'


class Slabs(KernelCommand):
    """Print the caches of objects, those with most memory first.
    ashlar-slabs [CACHE]: all, or the callers that allocated the objects in use of one, which a checked build knows.
    """

    name, arguments, words_most = 'ashlar-slabs', '[CACHE]', 1

    def run(self, name=None):
        if name is None:
            print('\n'.join(lines_of_all()))
            return
        for cache in caches():
            if name_of(cache) == name:
                print('\n'.join(lines_of_callers(cache)))
                return
        raise gdb.GdbError(f"no cache {name}: 'ashlar-slabs' lists them")


Slabs()
