#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real programs, once on their own allocator and once on libashlar-malloc, unchecked and checked: what they write must be the
same bytes, with the same exit status.

usage: run_malloc.py LIBRARY [PROGRAM...]

At its end a program says how many slabs the library made for it; one that made none counts as failed.
"""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from run import PROGRAMS as SINGLE, SOURCE, make_files, run

SQL = """
create table words(word text, line integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000)
insert into words select printf('%x', i * 7919 % 65537), i from n;
create index by_word on words(word);
select substr(word, 1, 2) as p, count(*), sum(line), group_concat(substr(word, -1), '') from words group by p order by p;
delete from words where line % 3 = 0;
select count(*), max(length(word)) from words;
pragma integrity_check;
"""

THREADS = r"""
import hashlib, json, threading, zlib
text = open('words').read()
results = {}
def work(number):
    part = text[number * 1000:]
    made = [json.loads(json.dumps(part.split()[:n * 50])) for n in range(60)]
    results[number] = hashlib.sha256(zlib.compress(json.dumps(made).encode())).hexdigest()
for turn in range(3):
    threads = [threading.Thread(target=work, args=(turn * 8 + n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(sorted(results.items()))
"""

# A child has its parent's memory and must be able to use it, whatever the other threads were doing.
FORKS = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile int is_over;
static void *busy(void *unused)
{
    void *all[500];
    while (!is_over) {
        for (int i = 0; i < 500; i++) all[i] = malloc(i * 7);
        for (int i = 0; i < 500; i++) free(all[i]);
    }
    return unused;
}
int main(void)
{
    pthread_t threads[3];
    int good = 0;
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, busy, NULL);
    for (int n = 0; n < 100; n++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            for (int i = 0; i < 3000; i++) { char *p = malloc(i * 3 + 1); memset(p, n, i * 3 + 1); free(p); }
            _exit(7);
        }
        int status;
        waitpid(child, &status, 0);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
    }
    is_over = 1;
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    printf("%d children\n", good);
}
"""

# What the standard says about the corners.
CORNERS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SAY(x) printf("%s: %d\n", #x, (int)(x))
int main(void)
{
    void *p = NULL;
    volatile size_t huge = SIZE_MAX;
    SAY(malloc(huge) == NULL && errno == ENOMEM);
    SAY(malloc(PTRDIFF_MAX) == NULL);
    SAY(calloc(huge / 2, 3) == NULL);
    SAY(reallocarray(NULL, huge / 2, 3) == NULL);
    SAY(posix_memalign(&p, 3, 10) == EINVAL && posix_memalign(&p, 4, 10) == EINVAL);
    for (size_t alignment = 8; alignment <= 1 << 22; alignment *= 2)
        for (size_t size = 1; size < 20000; size = size * 3 + 1) {
            if (posix_memalign(&p, alignment, size) != 0 || (uintptr_t)p % alignment || malloc_usable_size(p) < size)
                return printf("not aligned: %zu %zu\n", alignment, size);
            memset(p, 1, size);
            free(p);
        }
    char *zeros = malloc(3000000);
    memset(zeros, 1, 3000000);
    free(zeros);
    zeros = calloc(3, 1000000);
    for (int i = 0; i < 3000000; i++) if (zeros[i]) return printf("not zero\n");
    for (size_t size = 2; size < 100000000; size = size * 5 / 2 + 1) {
        zeros = realloc(zeros, size);
        zeros[size - 1] = 7;
    }
    SAY(zeros[0] == 0);
    free(zeros);
    char *large = malloc((size_t)3 << 30); /* more than the largest block */
    large[0] = large[((size_t)3 << 30) - 1] = 5;
    large = realloc(large, (size_t)2 << 30);
    SAY(large[0] == 5);
    large = realloc(large, 100);
    SAY(large[0] == 5);
    free(large);
    free(NULL);
    SAY(realloc(malloc(10), 0) == NULL);
    p = valloc(1);
    SAY((uintptr_t)p % 4096 == 0);
    free(p);
    errno = 5;
    free(malloc(100000000));
    SAY(errno == 5);
}
"""

COMPILE = ' && '.join(
    f'gcc -O2 -g0 -w -I{SOURCE}/include -I{SOURCE}/kernel64 -I{SOURCE}/kernel64/vm/port -I{SOURCE}/mm'
    f' -ffreestanding -c {SOURCE}/{name} -o out.o && md5sum < out.o'
    for name in (
        'mm/frames/buddy.c',
        'mm/slab/slab_layer.c',
        'mm/vm/paging.c',
        'kernel64/lib/format.c',
        'kernel64/boot/mb2_parse.c',
        'kernel64/cpu/decode.c',
        'kernel64/log/log.c',
    )
)

# Timings and addresses are not the allocator's affair.
PYTHON_TESTS = r"python3 -m test.test_{0} 2>&1 | sed -e 's/ in [0-9.]*s//' -e 's/0x[0-9a-f]*//g'"

PROGRAMS = {
    **{
        name: SINGLE[name]
        for name in ('sort', 'grep', 'sed', 'awk', 'tar', 'bash', 'python3', 'perl', 'git', 'gcc')
    },
    'gcc (this kernel)': COMPILE,
    'sqlite3': 'sqlite3 :memory: < script.sql',
    'sort --parallel': 'for i in 1 2 3 4 5 6 7 8; do cat words numbers; done | sort --parallel=4 -S 8M | md5sum',
    'xz -T': 'for i in 1 2 3 4 5 6; do cat words; done | xz -T 3 --block-size=500KiB -c | xz -dc | md5sum',
    'python3 (threads)': 'python3 -S threads.py',
    'python3 (test_json)': 'cd /; ' + PYTHON_TESTS.format('json'),
    'python3 (test_re)': 'cd /; ' + PYTHON_TESTS.format('re'),
    'forks': './forks',
    'corners': './corners',
}
NEEDS_TEST_SUITE = ('python3 (test_json)', 'python3 (test_re)')
# glibc answers some corners differently within what the standard allows, so these say what is right themselves.
EXPECTED = {
    'forks': b'100 children\n',
    'corners': lambda output: output.count(b': 1\n') == output.count(b'\n') == 11,
}


def differences(name, plain, ours):
    expected = EXPECTED.get(name)
    if expected is None:
        return [what for what, a, b in zip(('exit status', 'output', 'errors'), plain, ours) if a != b]
    is_right = expected(ours[1]) if callable(expected) else ours[1] == expected
    return [] if ours[0] == 0 and is_right else ['output']


def slabs_made(path):
    return sum(int(number) for number in re.findall(r'slabs=(\d+)', path.read_text())) if path.exists() else 0


def main():
    library = Path(sys.argv[1]).resolve()
    failed = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_files(folder)
        (folder / 'script.sql').write_text(SQL)
        (folder / 'threads.py').write_text(THREADS)
        for program, text in (('forks', FORKS), ('corners', CORNERS)):
            (folder / f'{program}.c').write_text(text)
            if run(f'gcc -O1 -w -fno-builtin {program}.c -o {program} -pthread', folder)[0] != 0:
                sys.exit(f'{program}.c does not compile')
        has_test_suite = run('cd /; python3 -c "import test.test_json"', folder)[0] == 0
        for number, (name, command) in enumerate(PROGRAMS.items()):
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            if not shutil.which(name.split()[0], path=f'{os.environ["PATH"]}:{folder}'):
                print(f'SKIP {name}: not installed')
                continue
            if name in NEEDS_TEST_SUITE and not has_test_suite:
                print(f'SKIP {name}: Debian keeps it in libpython3.N-testsuite')
                continue
            plain = run(command, folder) if name not in EXPECTED else (0, b'-', b'')
            for mode, more in (('', {}), (', checked', {'ASHLAR_MALLOC_CHECKED': '1'})):
                counts = folder / f'counts{number}{mode[2:]}'
                ours = run(command, folder, LD_PRELOAD=str(library), ASHLAR_MALLOC_COUNTS=str(counts), **more)
                problems = differences(name, plain, ours)
                slabs = slabs_made(counts)
                if not plain[1]:
                    problems.append('says nothing even by itself')
                if slabs == 0:
                    problems.append('nothing was preloaded')
                print(f'{"FAIL" if problems else "ok  "} {name}{mode}: {slabs} slabs', *problems, flush=True)
                if problems:
                    failed.append(name)
                    print(
                        '  alone:    ',
                        plain[0],
                        plain[1][-300:],
                        plain[2][-300:],
                        '\n  preloaded:',
                        ours[0],
                        ours[1][-300:],
                        ours[2][-300:],
                    )
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
