#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The hosted allocator as a user gets it: configured alone, installed into a temporary folder, and used from there in each
way that mm/malloc/README.md names.

usage: run_install.py SOURCE
"""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts'))

from ashlar import Failure  # noqa: E402 (the path above comes first)
from ashlar.command import output_of  # noqa: E402

UNPRIVILEGED_USER = 65534
SAYS = 'ashlar 7\n'
PYTHON = 'print(sum(len(str(i) * 3) for i in range(100000)))'


def install(source, folder):
    """Builds and installs it; returns the folder of the installed libraries."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('MESON')}
    environment.pop('DESTDIR', None)
    build, root = folder / 'build', folder / 'root'
    output_of(
        'meson', 'setup', build, source, '-Dproduct=malloc', '-Dwerror=true', '--libdir=lib', env=environment
    )
    output_of('meson', 'compile', '-C', build, env=environment)
    output_of('meson', 'install', '-C', build, '--no-rebuild', '--destdir', root, env=environment)
    return root / 'usr/local/lib'


def functions_of_readme(source):
    text = (source / 'mm/malloc/README.md').read_text()
    replaced = text.split('## What it replaces\n')[1].split(';')[0]
    return set(re.findall(r'`(\w+)\(\)`', replaced))


def symbols(*command):
    return {
        line.split()[-1]
        for line in output_of('nm', *command).splitlines()
        if re.match(r'[0-9a-f]+ \w ', line)
    }


def check_symbols(libraries, source):
    expected = functions_of_readme(source)
    assert {'malloc', 'free', 'posix_memalign'} <= expected, expected
    for words in (
        ['-D', '--defined-only', 'libashlar-malloc.so'],
        ['-g', '--defined-only', 'libashlar-malloc.a'],
    ):
        shown = symbols(*words[:-1], libraries / words[-1])
        if shown != expected:
            sys.exit(
                f'FAIL {words[-1]}: shows {sorted(shown - expected)}, which README.md does not name, '
                f'and not {sorted(expected - shown)}'
            )
        print(f'ok   {words[-1]} shows the {len(shown)} functions of README.md and nothing else')
    dynamic = output_of('readelf', '-d', libraries / 'libashlar-malloc.so')
    assert re.search(r'SONAME.*\[libashlar-malloc\.so\.0\]', dynamic), dynamic
    assert not re.search(r'TEXTREL', dynamic), dynamic
    assert (libraries / 'libashlar-malloc.so.0').is_symlink()


def package(folder, *words):
    return output_of(
        'pkg-config',
        *words,
        'ashlar-malloc',
        env={
            'PATH': os.environ['PATH'],
            'PKG_CONFIG_LIBDIR': str(folder / 'root/usr/local/lib/pkgconfig'),
            'PKG_CONFIG_SYSROOT_DIR': str(folder / 'root'),
        },
    ).split()


def check_links(libraries, source, folder):
    program = source / 'tests/preload/installed_program.c'
    archive = libraries / 'libashlar-malloc.a'
    for name, words in (
        ('shared', package(folder, '--cflags', '--libs')),
        ('static', ['-static', *package(folder, '--static', '--cflags', '--libs')]),
        ('archive', [archive, '-pthread']),
    ):
        output = folder / name
        output_of('cc', '-O1', '-fno-builtin', '-o', output, program, *words)
        needed = re.findall(r'NEEDED.*\[(libashlar.*)\]', output_of('readelf', '-d', output))
        assert needed == (['libashlar-malloc.so.0'] if name == 'shared' else []), needed
        said = output_of(output, env={'LD_LIBRARY_PATH': str(libraries)} if name == 'shared' else {})
        if said != SAYS:
            sys.exit(f'FAIL {name}: says {said!r} and not {SAYS!r}')
        print(f'ok   a program links and runs: {name}')


def check_preload(libraries, folder):
    for name, command in (
        ('python3', ['python3', '-S', '-c', PYTHON]),
        ('sort', ['sort', '-r', libraries / 'pkgconfig/ashlar-malloc.pc']),
    ):
        counts = folder / f'counts-{name}'
        plain = output_of(*command, env={'PATH': os.environ['PATH']})
        ours = output_of(
            *command,
            env={
                'PATH': os.environ['PATH'],
                'PYTHONMALLOC': 'malloc',
                'LD_PRELOAD': str(libraries / 'libashlar-malloc.so.0'),
                'ASHLAR_MALLOC_COUNTS': str(counts),
            },
        )
        # A line of each process: what PATH finds may be a script that starts the program.
        lines = counts.read_text().splitlines() if counts.exists() else []
        slabs = sum(int(line.split('=')[1]) for line in lines)
        if ours != plain or slabs == 0:
            sys.exit(f'FAIL {name} under LD_PRELOAD: {slabs} slabs, says {ours!r} and not {plain!r}')
        print(f'ok   {name} runs under LD_PRELOAD: {slabs} slabs')


def check_set_user_id(folder):
    """The program with the library in it, run by another user: it writes no file for that user."""
    if os.geteuid() != 0:
        print('SKIP a set-user-ID program ignores the environment variables: only root can make one')
        return
    program, files = folder / 'set-user-id', folder / 'writable'
    shutil.copy(folder / 'static', program)
    files.mkdir()
    for path in (folder, program):
        path.chmod(0o755)
    files.chmod(0o777)
    for mode, wanted in ((0o755, True), (0o4755, False)):
        program.chmod(mode)
        counts = files / f'counts-{mode:o}'
        output_of(program, env={'ASHLAR_MALLOC_COUNTS': str(counts)}, user=UNPRIVILEGED_USER)
        if counts.exists() != wanted:
            sys.exit(f'FAIL mode {mode:o}: a file was {"not " if wanted else ""}written')
    print('ok   a set-user-ID program ignores the environment variables')


def main():
    source = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        libraries = install(source, folder)
        check_symbols(libraries, source)
        check_links(libraries, source, folder)
        check_preload(libraries, folder)
        check_set_user_id(folder)


if __name__ == '__main__':
    try:
        main()
    except Failure as failure:
        sys.exit(f'FAIL {failure}')
