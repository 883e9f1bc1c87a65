# SPDX-License-Identifier: BSD-2-Clause
"""How much memory allocators take for the requests of real programs: utilisation, requested over taken.

Two programs are recorded under tests/bench/record_mix.c; each allocator then does the same, by
tests/bench/replay_mix.c, to the moment at which the program had asked for the most.
"""
import array
import os
import subprocess

from ashlar import ROOT, Failure
from ashlar.command import output_of

FREED = (1 << 64) - 1
# Python allocates small objects by malloc() with this setting.
PYTHON = (
    'import ast, json, re, sys\n'
    'trees = [ast.parse(open(name).read()) for name in sys.argv[1:]]\n'
    'words = [re.findall(r"[a-z]+", open(name).read()) for name in sys.argv[1:]]\n'
    'made = json.loads(json.dumps([[word, [n, str(n)]] for n, word in enumerate(sum(words, []))]))\n'
)


def programs():
    """What is recorded: words for the table, command, environment."""
    compiler = output_of('gcc', '-print-prog-name=cc1').strip()
    folders = [
        word for name in ('include', 'kernel64/vm/port', 'mm/slab') for word in ('-I', str(ROOT / name))
    ]
    modules = sorted(str(path) for path in (ROOT / 'scripts/ashlar').glob('*.py'))
    return {
        'gcc': (
            [
                compiler,
                '-quiet',
                '-O2',
                '-ffreestanding',
                *folders,
                str(ROOT / 'mm/slab/cache.c'),
                '-o',
                '/dev/null',
            ],
            {},
        ),
        'python3': (['/usr/bin/python3', '-S', '-c', PYTHON, *modules], {'PYTHONMALLOC': 'malloc'}),
    }


def record(library, command, environment, path):
    """Events of one run, a flat array: address, size, address, size, ..."""
    path.unlink(missing_ok=True)
    environment = {
        'PATH': os.environ['PATH'],
        'LC_ALL': 'C',
        'LD_PRELOAD': str(library),
        'ASHLAR_MIX': str(path),
        **environment,
    }
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f'{command[0]}, recorded: {done.stderr}')
    return array.array('Q', path.read_bytes())


def steps_to_the_most(events):
    """The record as steps of numbered objects, up to its peak: steps, number of objects, bytes requested then."""
    steps, live, unused = array.array('I'), {}, []
    objects = asked = most = most_steps = 0
    for address, size in zip(events[::2], events[1::2]):
        if size == FREED:
            # Memory that was allocated before the recording began is unknown.
            if address in live:
                number, old = live.pop(address)
                unused.append(number)
                asked -= old
                steps.extend((number, 0xFFFFFFFF))
            continue
        number = unused.pop() if unused else objects
        objects = max(objects, number + 1)
        live[address] = number, size
        asked += size
        steps.extend((number, size))
        if asked > most:
            most, most_steps = asked, len(steps)
    return steps[:most_steps], objects, most


def measure(results, folder, libraries):
    """@libraries: to preload, by allocator; None: the C library's own."""
    sources = ROOT / 'tests/bench'
    recorder, replayer = folder / 'record_mix.so', folder / 'replay_mix'
    output_of('gcc', '-O2', '-fPIC', '-shared', '-fno-builtin', '-o', recorder, sources / 'record_mix.c')
    output_of('gcc', '-O2', '-fno-builtin', '-o', replayer, sources / 'replay_mix.c')
    results.heading(
        'utilisation: bytes that a recorded program asked for over bytes taken from the system, at its peak'
    )
    print(f'  {"":<38}' + ''.join(f'{name:>11}' for name in libraries))
    for name, (command, environment) in programs().items():
        events = record(recorder, command, environment, folder / 'events')
        steps, objects, asked = steps_to_the_most(events)
        (folder / 'steps').write_bytes(steps.tobytes())
        taken = {}
        for allocator, library in libraries.items():
            preload = {'LD_PRELOAD': str(library)} if library else {}
            taken[allocator] = int(
                subprocess.run(
                    [str(replayer), str(folder / 'steps'), str(objects)],
                    env=preload,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )
            results.add(
                f'mm.utilisation.{name}',
                'ratio',
                round(asked / taken[allocator], 3),
                system=allocator,
                asked=asked,
                taken=taken[allocator],
                steps=len(steps) // 2,
            )
        words = f'{name}: {asked / 1e6:.1f} MB, {len(steps) // 2:,} calls'
        print(f'  {words:<38}' + ''.join(f'{asked / taken[allocator]:>11.3f}' for allocator in libraries))
