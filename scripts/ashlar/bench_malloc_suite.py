# SPDX-License-Identifier: BSD-2-Clause
"""mimalloc-bench as data: its programs, how they compile, and the commands of its bench.sh (bench_malloc.py runs them).

MIMALLOC_BENCH names a checkout of github.com/daanx/mimalloc-bench. What its build-bench-env.sh downloads is looked for
below extern/, where that puts it, or in Debian's packages: extern/lua (github.com/lua/lua), extern/large.pdf; redis,
rocksdb-tools, ghostscript, z3, ruby. Not here: sh6bench and sh8bench, which cannot be had; lean and its library; the
kernel, which takes too long; SPEC, which is sold; and `security`, whose programs are wrong on purpose (tests/preload
has such cases).
"""
import os
import re
import shlex
import shutil
import subprocess

VARIABLE = 'MIMALLOC_BENCH'
FLAGS = ('-O3', '-w', '-DNDEBUG', '-pthread')
# Program: its sources below bench/, and flags beyond FLAGS. `*` is what its CMakeLists.txt lists.
BUILT = {
    'cfrac': ('cfrac/*', ('-std=gnu89', '-DNOMEMOPT=1')),
    'espresso': ('espresso/*', ('-std=gnu89',)),
    'barnes': ('barnes/*', ('-std=gnu89',)),
    'larson': ('larson/larson.cpp', ('-DCPP=1',)),
    'larson-sized': ('larson/larson.cpp', ('-DCPP=1', '-DSIZED=1', '-fsized-deallocation')),
    'alloc-test': ('alloc-test/test_common.cpp alloc-test/allocator_tester.cpp', ('-DBENCH=4', '-std=c++17')),
    'cache-scratch': ('cache-scratch/cache-scratch.cpp', ()),
    'cache-thrash': ('cache-thrash/cache-thrash.cpp', ()),
    'xmalloc-test': ('xmalloc-test/xmalloc-test.c', ()),
    'malloc-large-old': ('malloc-large/malloc-large-old.cpp', ('-std=c++17',)),
    'malloc-large': ('malloc-large/malloc-large.cpp', ('-std=c++17',)),
    'mstress': ('mstress/mstress.c', ()),
    'mleak': ('mleak/mleak.c', ()),
    'rptest': ('rptest/rptest.c rptest/thread.c rptest/timer.c', ('-fpermissive', '-Irptest')),
    'glibc-simple': ('glibc-bench/bench-malloc-simple.c', ()),
    'glibc-thread': ('glibc-bench/bench-malloc-thread.c', ()),
}
# In the place of the PDF, where it is not: dictionaries, names and arrays that are made and dropped.
GS_PROGRAM = (
    '1 1 40 {pop /d 2000 dict def 1 1 2000 {dup 20 string cvs cvn exch array d 3 1 roll put} for} for '
    '(done) = quit'
)
# Test: command; N is the number of threads, BENCH the checkout's bench folder, EXTERN its extern folder. The first word is a
# program above or in PATH.
TESTS = {
    'cfrac': 'cfrac 17545186520507317056371138836327483792789528',
    'espresso': 'espresso BENCH/espresso/largest.espresso',
    'barnes': 'barnes',
    'redis': 'redis-server --port 0 --unixsocket redis.socket',
    'larsonN': 'larson 5 8 1000 5000 100 4141 N',
    'larsonN-sized': 'larson-sized 5 8 1000 5000 100 4141 N',
    'mstressN': 'mstress N 50 25',
    'rptestN': 'rptest N 0 1 2 500 1000 100 8 16000',
    'gs': 'gs -q -dBATCH -dNODISPLAY EXTERN/large.pdf',
    'gs-names': f'gs -q -dBATCH -dNODISPLAY -c "{GS_PROGRAM}"',
    'lua': 'make -s -j N',
    'alloc-test1': 'alloc-test 1',
    'alloc-testN': 'alloc-test N',
    'xmalloc-testN': 'xmalloc-test -w N -t 5 -s 64',
    'cache-scratch1': 'cache-scratch 1 1000 1 2000000 N',
    'cache-scratchN': 'cache-scratch N 1000 1 2000000 N',
    'cache-thrash1': 'cache-thrash 1 1000 1 2000000 N',
    'cache-thrashN': 'cache-thrash N 1000 1 2000000 N',
    'malloc-large': 'malloc-large',
    'malloc-large-old': 'malloc-large-old',
    'mleak10': 'mleak 5',
    'mleak100': 'mleak 50',
    'rbstress1': 'ruby BENCH/rbstress/stress_mem.rb 1',
    'rbstressN': 'ruby BENCH/rbstress/stress_mem.rb N',
    'z3': 'z3 -smt2 BENCH/z3/test1.smt2',
    'glibc-simple': 'glibc-simple',
    'glibc-thread': 'glibc-thread N',
    'rocksdb': 'db_bench --benchmarks=fillrandom --db=db',
}
# Only where the other one's data is not there.
INSTEAD_OF = {'gs-names': 'gs'}
# A folder that the test changes: it runs in a copy.
FOLDERS = {'lua': 'EXTERN/lua'}
# The test is a server: these commands run beside it, the last of them ends it.
CLIENTS = {
    'redis': (
        'redis-cli -s redis.socket flushall',
        'redis-benchmark -s redis.socket -r 1000000 -n 100000 -q -P 16 lpush a 1 2 3 4 5 lrange a 1 5',
        'redis-cli -s redis.socket flushall',
        'redis-cli -s redis.socket shutdown',
    )
}
# Programs that run for a fixed time print their result: seconds from their output, as in bench.sh.
RELATIVE = {
    'larsonN': (r' time: ([0-9.]+)', float),
    'larsonN-sized': (r' time: ([0-9.]+)', float),
    'rptestN': (r'\.\.\.([0-9]+) memory ops', lambda ops: 2_000_000 / float(ops)),
    'xmalloc-testN': (r'rtime: ([0-9.]+)', float),
    'redis': (r'.*: ([0-9.]+) requests per second', lambda ops: 2_000_000 / float(ops)),
    'glibc-thread': (r'^([0-9.]+)', lambda iterations: 1_000_000_000 / float(iterations)),
}
# Of those: they run on every processor until a time is over, so that a part of the processors' time is a part of the result.
FIXED_TIME = ('larsonN', 'larsonN-sized', 'xmalloc-testN', 'glibc-thread')
# Their output is the same under every allocator.
SAME_OUTPUT = ('cfrac', 'espresso', 'z3', 'gs', 'gs-names')


def listed_sources(bench, name):
    """The sources of a program, from CMakeLists.txt."""
    text = (bench / 'CMakeLists.txt').read_text()
    return re.search(rf'set\({name}_sources\s+([^)]*)\)', text)[1].split()


def compile_programs(bench, folder):
    """Program: where it is. One that cannot be built is named."""
    programs = {}
    for name, (sources, flags) in BUILT.items():
        paths = (
            [f'{name}/{source}' for source in listed_sources(bench, name)]
            if sources.endswith('*')
            else sources.split()
        )
        output = folder / name
        compiler = 'g++' if any(path.endswith('.cpp') for path in paths) else 'gcc'
        done = subprocess.run(
            [compiler, *FLAGS, *flags, '-o', output, *paths, '-lm'], cwd=bench, capture_output=True, text=True
        )
        if done.returncode == 0:
            programs[name] = output
        else:
            print(
                f'  SKIP {name}: does not compile: {done.stderr.strip().splitlines()[0] if done.stderr else ""}'
            )
    return programs


def _is_there(test, bench):
    """Whether the test's data is, beside its program."""
    named = [*shlex.split(TESTS[test]), FOLDERS.get(test, '')]
    return all((bench.parent / 'extern' / word[7:]).exists() for word in named if word.startswith('EXTERN/'))


def _replaced(word, bench):
    if word == 'N':
        return str(os.cpu_count())
    return word.replace('BENCH', str(bench)).replace('EXTERN', str(bench.parent / 'extern'))


def command_of(test, programs, bench):
    """Words of a test's command. Return: None when its program or its data is not there, or it stands in for one that is."""
    words = shlex.split(TESTS[test])
    program = programs.get(words[0]) or shutil.which(words[0])
    if (
        not program
        or not _is_there(test, bench)
        or (test in INSTEAD_OF and _is_there(INSTEAD_OF[test], bench))
    ):
        return None
    return [str(program), *(_replaced(word, bench) for word in words[1:])]


def folder_of(test, bench):
    """The folder that a copy is made of; None: an empty one."""
    return _replaced(FOLDERS[test], bench) if test in FOLDERS else None
