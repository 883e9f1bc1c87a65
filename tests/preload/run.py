#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real programs, once as they are and once on the kernel's string functions and formatter: what
they write must be the same bytes, with the same exit status.

usage: run.py LIBRARY

The library counts the calls that reach it. A program that made none counts as failed, and so does
a function that no program called: then nothing was tested.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent

# Called by the programs below on every Debian; the others are left to the unit test.
EXPECTED = 'memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr format'.split()

PYTHON = r"""
import json, re, hashlib, zlib
text = open('words').read()
words = re.findall(r'\w+', text)
counts = {w: words.count(w) for w in sorted(set(words))[:300]}
print(json.dumps(counts, indent=1, sort_keys=True))
print(hashlib.sha256(json.dumps(counts).encode()).hexdigest(), zlib.crc32(text.encode()))
print('%5d|%-7s|%#x|%08.3f' % (42, 'left', 255, 3.14159), b'abc'.find(b'c'), 'x' * 100)
"""

PERL = r"""
open F, 'words'; my %c; while (<F>) { $c{lc $_}++ for /\w+/g }
printf "%s %d %05d %x\n", $_, $c{$_}, $c{$_}, $c{$_} for sort keys %c;
print index("hay" x 50 . "needle", "needle"), "\n";
"""

C = r"""
#include <stdio.h>
#include <string.h>
#define T(n) static int f##n(const char *s) { return s[n] ? (int)strlen(s) * n : n; }
T(0) T(1) T(2) T(3) T(4) T(5)
int main(int c, char **v)
{
    printf("%d %s\n", f0(v[0]) + f1(v[0]) + f2(v[0]) + f3(v[0]) + f4(v[0]) + f5(v[0]), v[c - 1]);
}
"""

# The program whose calls count, and perhaps a word to tell it by: the command.
PROGRAMS = {
    'sort': 'sort words',
    'sort -n': 'sort -k2 -n -r -u numbers',
    'grep': 'grep -n -i -E "(int|ret)[a-z]*" words',
    'grep -F': 'grep -c -F -e static -e size_t words',
    'sed': 'sed -e "s/[a-z]*_t/<&>/g" -n -e "1,400p" words',
    'awk': "awk '{ c[$1]++ } END { for (w in c) printf \"%s %d %5d|%-5d|%x\\n\", w, c[w], c[w], c[w], c[w] }' words"
    ' | sort',
    'gzip': 'gzip -n -9 -c words | md5sum && gzip -n -c words | gzip -dc',
    'xz': 'xz -c words | xz -dc | md5sum',
    'tar': 'tar --sort=name --mtime=@0 --owner=0 --group=0 -cf - tree | md5sum;'
    'tar -cf - tree | tar -tvf - | sort | cut -c 1-20',
    'diff': 'diff -u words numbers; diff -r tree tree2',
    'od': 'od -A x -t x1z -t d4 -t o2 numbers',
    'printf': "env printf '%5d|%-5d|%05d|%+d|%x|%#o|%.3s|%-8s|%c|%%|%8.5d\\n' 42 42 42 42 255 8 abcdef left z -17",
    'ls': 'ls -l --time-style=+ tree | cut -d" " -f1,5-; ls -C -w 60 tree',
    'bash': "bash -c 'for i in {1..300}; do x=$x-$i; done; echo ${x//-1/+}; printf \"%05d %s %x\\n\" 7 ${x:3:40} 255'",
    'python3': 'python3 -S program.py',
    'perl': 'perl program.pl',
    'git': 'git diff --no-index --stat words numbers; git diff --no-index tree tree2; git hash-object words',
    'gcc': 'gcc -O2 -c program.c -o out.o && md5sum < out.o; gcc -S -O1 -o - program.c',
}


def make_files(folder):
    sources = sorted(path for path in (SOURCE / 'kernel64').rglob('*.c'))
    text = ''.join(path.read_text() for path in sources)
    (folder / 'words').write_text(text)
    (folder / 'numbers').write_text(''.join(f'{i} {(i * 7919) % 1009}\n' for i in range(3000)))
    for tree, extra in (('tree', ''), ('tree2', 'one line more\n')):
        (folder / tree).mkdir()
        for path in sources:
            (folder / tree / path.name).write_text(path.read_text() + extra)
    (folder / 'program.py').write_text(PYTHON)
    (folder / 'program.pl').write_text(PERL)
    (folder / 'program.c').write_text(C)


def run(command, folder, **more):
    environment = {
        'PATH': os.environ['PATH'],
        'LC_ALL': 'C',
        'HOME': str(folder),
        'TZ': 'UTC',
        'PERL_HASH_SEED': '0',
        'PYTHONHASHSEED': '0',
        'GIT_CONFIG_NOSYSTEM': '1',
        **more,
    }
    done = subprocess.run(
        ['bash', '-c', command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def read_counts(path, program):
    """The calls of this one program, and not of the shell that started it."""
    total = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        name, *counts = line.split()
        if name == program:
            for function, count in (word.split('=') for word in counts):
                total[function] = total.get(function, 0) + int(count)
    return total


def main():
    library = Path(sys.argv[1]).resolve()
    failed, total = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_files(folder)
        for number, (name, command) in enumerate(PROGRAMS.items()):
            program = name.split()[0]
            if not shutil.which(program):
                print(f'SKIP {name}: not installed')
                continue
            counts_file = folder / f'counts{number}'
            plain = run(command, folder)
            ours = run(command, folder, LD_PRELOAD=str(library), ASHLAR_PRELOAD_COUNTS=str(counts_file))
            counts = read_counts(counts_file, program)
            calls = sum(counts.values())
            for key, count in counts.items():
                total[key] = total.get(key, 0) + count
            problems = [
                what for what, a, b in zip(('exit status', 'output', 'errors'), plain, ours) if a != b
            ]
            if not plain[1]:
                problems.append('says nothing even by itself')
            if calls == 0:
                problems.append('nothing was preloaded')
            print(
                f'{"FAIL" if problems else "ok  "} {name}: {calls} calls, {counts.get("format", 0)} formats',
                *problems,
            )
            if problems:
                failed.append(name)
                print('  alone:    ', plain[0], plain[2][-300:], '\n  preloaded:', ours[0], ours[2][-300:])
    print('calls:', ' '.join(f'{name}={count}' for name, count in total.items()))
    never = [name for name in EXPECTED if not total.get(name)]
    if never:
        print('FAIL: no program called', *never)
    sys.exit(1 if failed or never else 0)


if __name__ == '__main__':
    main()
