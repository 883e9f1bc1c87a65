# SPDX-License-Identifier: BSD-2-Clause
"""What a person types, where no machine boots: run --dry-run, setup; what scripts/check refuses; and what README
promises. scripts/judge is in test_judge.py."""
import os
import re
import subprocess

import pytest

from ashlar import ROOT


def dry_run(*words):
    return subprocess.run([str(ROOT / 'scripts/run'), '--dry-run', *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    'words, wanted',
    [
        ((), ['-machine q35', '-cdrom', 'isa-debug-exit,iobase=0xf4']),
        (('--boot', 'kernel', '--machine', 'microvm'), ['-machine microvm', '-kernel', 'debugexit=0xf4']),
        (('--firmware', 'uefi'), ['if=pflash']),
        (
            ('--cpu', 'Haswell', '--smp', '4', '--memory', '16G'),
            ['-cpu Haswell', '-smp 4', '-m 16384M', 'reserve=off'],
        ),
        (('--memory', '16T'), ['phys-bits=46']),
        (('--cmdline', 'run="test a,b; exit"'), ['string=run="test a,,b; exit" debugexit=0xf4']),
        (('--debug',), ['-s -S']),
        (('--display', 'gtk'), ['-display gtk']),
        (('--', '-icount', 'shift=0'), ['-icount shift=0']),
        # A machine that a script waits for ends when it would restart.
        (('--cmdline', 'run="test"'), ['-no-reboot']),
        (('--emulator', 'bochs', '--memory', '64M'), ['memory: guest=64', 'display_library: rfb']),
    ],
)
def test_dry_run_prints_the_command(words, wanted):
    done = dry_run(*words)
    assert done.returncode == 0, done.stderr
    for part in wanted:
        assert part in done.stdout


@pytest.mark.parametrize(
    'words',
    [
        ('--boot', 'kernel', '--firmware', 'uefi'),
        ('--machine', 'microvm'),
        ('--emulator', 'bochs', '--boot', 'kernel'),
        ('--memory', 'much'),
        ('--boot', 'tape'),
    ],
)
def test_unbootable_configurations_are_reported(words):
    done = dry_run(*words)
    assert done.returncode == 2
    assert done.stderr


def test_setup_on_another_distribution_lists_all_missing_programs(tmp_path):
    """On a distribution that is not Debian, on a machine that has no program at all."""
    release = tmp_path / 'os-release'
    release.write_text('ID=fedora\nID_LIKE="debian"\n')
    empty = tmp_path / 'bin'
    empty.mkdir()
    for name in ('sh', 'uname', 'dirname', 'grep', 'id', 'cut'):
        (empty / name).symlink_to(f'/usr/bin/{name}')
    done = subprocess.run(
        ['/bin/sh', str(ROOT / 'scripts/setup'), 'build', 'boot', 'test'],
        capture_output=True,
        text=True,
        env={'PATH': str(empty), 'ASHLAR_OS_RELEASE': str(release)},
    )
    assert done.returncode == 2
    for name in (
        'meson',
        'ninja',
        'nasm',
        'x86_64-linux-gnu-gcc',
        'qemu-system-x86_64',
        'grub-mkimage',
        'xorriso',
        'mformat',
        'clang',
        'gdb',
        'spin',
        'bochs',
    ):
        assert re.search(rf'^    {name}$', done.stderr, re.MULTILINE), name


HEAD = '/* SPDX-License-Identifier: BSD-2-Clause */\n/* A page of memory. */\n#pragma once\n'
LINES_TABLE = '| file | lines | subject |\n| --- | --- | --- |\n| `{}` | {} | a page |\n'
FINE = {
    'mm/meson.build': "mm_sources = files('page.c', 'lock.c', 'source.c')\n",
    'docs/tour.md': 'Pages: `mm/page.c`, `mm/lock.c`, `mm/source.c`.\n',
    'include/ashlar/types.h': HEAD + 'typedef unsigned int word_t;\n',
    'mm/page.c': HEAD + '#include <ashlar/types.h>\n',
    'docs/glossary.md': '## Sources\n\n| cited as | document | edition |\n| --- | --- | --- |\n'
    '| Intel SDM | Manual | ed. 081 |\n| AMD APM | Manual | rev. 3.41 |\n| QEMU, Xen | sources | |\n',
    'mm/source.c': HEAD
    + '/*\n * Source: Intel SDM vol. 1, "A"; "B"; vol. 2A, "C", ed. 080; Xen, a.h, "d". More.\n */\n',
    'mm/lock.c': HEAD + 'static struct spinlock one = { 0 }; /* outer */\n/* guarded by one: */\nint all;\n',
}


@pytest.mark.parametrize(
    'check, change, words',
    [
        ('walls', {'mm/page.c': '#include "../drivers/ps2.h"\n'}, 'mm/page.c: includes ../drivers/ps2.h'),
        ('walls', {'mm/page.c': '#include <ashlar/dev/console.h>\n'}, 'mm/ may not see'),
        ('walls', {'stub32/main.c': '#include <ashlar/io.h>\n'}, 'stub32/ may not see'),
        ('walls', {'kernel64/lib/format.c': '#include <cpu/insn.h>\n'}, 'cpu stands above lib'),
        ('walls', {'kernel64/sched/run.c': HEAD}, 'kernel64/sched: not in FLOORS of scripts/check/walls'),
        ('walls', {'kernel64/main.c': HEAD}, 'kernel64/smp: no such folder, but a room of'),
        (
            'walls',
            {'kernel64/log/log.c': HEAD, 'docs/tour.md': '| room | files |\n| --- | --- |\n| `lib` | |\n'},
            'docs/tour.md: does not list the room log',
        ),
        (
            'walls',
            {'kernel64/meson.build': "subdir('lib')\nsubdir('sched')\n"},
            'kernel64/meson.build: lists sched, which is no room',
        ),
        (
            'walls',
            {'docs/decisions/0008-the-order-of-the-rooms.md': '    log  lib\n'},
            '0008-the-order-of-the-rooms.md: lists the rooms in another order than scripts/check/walls: log lib',
        ),
        ('walls', {'kernel64/lib/copy.asm': '%include "cpu/asm.inc"\n'}, 'cpu stands above lib'),
        (
            'walls',
            {
                'kernel64/cpu/msr.h': HEAD + '#include <cpu/tlb.h>\n',
                'kernel64/cpu/tlb.h': HEAD,
                'kernel64/cpu/tlb.c': '#include <cpu/gdt.h>\n',
                'kernel64/cpu/gdt.h': HEAD + '#include <cpu/msr.h>\n',
            },
            'a circle of includes: kernel64/cpu/gdt -> kernel64/cpu/msr -> kernel64/cpu/tlb -> kernel64/cpu/gdt',
        ),
        (
            'walls',
            {'kernel64/trap/traps.h': HEAD + 'void traps_set_end(void (*end)(int vector));\n'},
            'kernel64/trap/traps.h: traps_set_end() keeps a function',
        ),
        ('walls', {'drivers/ps2.c': '#include "uart16550.h"\n'}, 'no driver includes another'),
        (
            'walls',
            {'mm/frames/tree.h': HEAD, 'mm/slab/slab.c': '#include "tree.h"\n'},
            'tree.h, which is private to mm/frames',
        ),
        ('walls', {'mm/page.c': 'void f(void) { __asm__ volatile("cli"); }\n'}, 'inline assembly'),
        (
            'walls',
            {'mm/page.c': 'bool f(int *a) { return __builtin_add_overflow(*a, 1, a); }\n'},
            'overflow.h does that',
        ),
        ('listed', {'mm/new.c': HEAD}, 'mm/new.c: in no meson.build, so it is not compiled'),
        (
            'listed',
            {
                'mm/new.c': HEAD,
                'mm/meson.build': "mm_sources = files('page.c', 'lock.c', 'source.c', 'new.c')\n",
            },
            'mm/new.c: not in docs/tour.md',
        ),
        (
            'listed',
            {'docs/tour.md': 'Pages: `mm/page.c`, `mm/source.c`.\n'},
            'mm/lock.c: not in docs/tour.md',
        ),
        ('sizes', {'mm/page.c': HEAD + 448 * '\n'}, 'mm/page.c: 451 lines; the limit is 450'),
        ('sizes', {'scripts/page': '#!/bin/sh\n' + 450 * ':\n'}, 'scripts/page: 451 lines'),
        (
            'sizes',
            {'mm/page.c': HEAD + 97 * '\n', 'docs/page.md': LINES_TABLE.format('mm/page.c', 89)},
            'docs/page.md: mm/page.c: 89 lines stated, 100 are there',
        ),
        (
            'sizes',
            {'docs/page.md': LINES_TABLE.format('mm/gone.c', 9)},
            'docs/page.md: mm/gone.c: no such file',
        ),
        (
            'sizes',
            {'docs/page.md': LINES_TABLE.format('mm/page.c', 'many')},
            'docs/page.md: no file and number of lines',
        ),
        (
            'sizes',
            {'docs/page.md': LINES_TABLE.format('mm/page.c', 4) + '| `mm/lock.c` | 400 | a lock |\n'},
            'docs/page.md: mm/lock.c: 400 lines stated',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/*\n * Source: QEMU, a.c; Bochs, b.c.\n */\n'},
            'mm/page.c:5: "Bochs, b.c": not a document',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/* A. Source: Intel SDM, "PAUSE". */\n'},
            'mm/page.c:4: Intel SDM: no volume',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/*\n * Source: Intel SDM vol. 3A, "A"; vol. 4 for EFER.\n */\n'},
            'mm/page.c:5: Intel SDM vol. 4: no title of a section',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/* Of AMD (AMD APM vol. 2, PATCH_LEVEL). */\n'},
            'mm/page.c:4: AMD APM vol. 2: no title of a section',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/* As SDM vol. 2A, "CPUID" says. */\n'},
            'without the name of its maker',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/*\n * Source: Intel SDM vol. 2B, "PAUSE", ed. 081.\n */\n'},
            'ed. 081 is the edition of docs/glossary.md',
        ),
        (
            'sources',
            {'mm/page.c': HEAD + '/* Of the K8. (AMD BKDG 1,\n   "MC4_CTL", a bit.) */\nint x;\n'},
            'mm/page.c:4: "AMD BKDG 1, "MC4_CTL", a bit": not a document',
        ),
        (
            'sources',
            {'mm/page.asm': '; A page of memory.\n    ; (PIIX5 specification update, erratum 20.)\n'},
            'mm/page.asm:2: "PIIX5 specification update, erratum 20": not a document',
        ),
        ('words', {'mm/page.c': '/* Without a licence. */\n'}, 'mm/page.c:1: no line "SPDX'),
        ('words', {'mm/page.c': HEAD.replace('/* A page of memory. */\n', '')}, 'no first comment'),
        ('words', {'mm/page.c': HEAD + '\tint x;\n'}, 'mm/page.c:4: indented by a tab'),
        ('words', {'mm/page.c': HEAD + 'int x; \n'}, 'blanks at the end'),
        ('words', {'mm/page.c': HEAD + '/* \u00e9 */\n'}, 'not ASCII'),
        ('words', {'mm/page.c': HEAD + '/* TO' 'DO: later */\n'}, 'what is missing'),
        ('words', {'mm/page.c': HEAD + '/* CLONE/notes */\n'}, 'names the folder of this clone'),
        (
            'words',
            {'mm/page.c': HEAD + '/* At a glance. */\n'},
            'mm/page.c:4: "glance": write cross-timestamp',
        ),
        ('words', {'mm/page.c': HEAD + 'void glance_at(void);\n'}, 'mm/page.c:4: "glance": write'),
        (
            'headers',
            {'include/ashlar/page.h': HEAD + 'word_t pages_free(void);\n'},
            'include/ashlar/page.h (-m64)',
        ),
        (
            'headers',
            {'include/ashlar/types.h': HEAD.replace('#pragma once', '') + 'enum { ORDER };\n'},
            'ORDER',
        ),
        # Wrong in the 32-bit program only.
        (
            'headers',
            {'include/ashlar/handoff.h': HEAD + '_Static_assert(sizeof(long) == 8, "size");\n'},
            'handoff.h (-m32)',
        ),
    ],
)
def test_checks_refuse_violations(tmp_path, check, change, words):
    """Each in a tree of two files, which it passes before the change."""
    command = [str(ROOT / 'scripts/check' / check), str(tmp_path)]
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(tmp_path.parent), LC_ALL='C')

    def run(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace('CLONE', str(tmp_path)))
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    before = run(FINE)
    assert before.returncode == 0, before.stdout + before.stderr
    after = run(change)
    assert after.returncode == 1, after.stderr
    assert words in after.stdout


@pytest.mark.parametrize(
    'subject, words',
    [
        ('slab: fill an empty magazine slot before exchanging with the depot', ''),
        ('Merge branch of the pager', ''),
        ('mm, vm: pass frame numbers', ''),
        ('mm: a CPU comes to have two magazines', '"a" is no imperative'),
        ('sync: who waits for another CPU pauses longer', '"who" is no imperative'),
        ('mm: adds a cache', '"adds" is no imperative'),
        ('Add a cache', 'no "area: "'),
        ('mm: add a cache.', 'full stop'),
        ('mm: add ' + 65 * 'x', '73 columns'),
    ],
)
def test_subjects_of_commits_are_imperative(tmp_path, subject, words):
    message = tmp_path / 'COMMIT_EDITMSG'
    message.write_text(f'{subject}\n\nA reason. Adds nothing here.\n')
    done = subprocess.run([ROOT / 'scripts/check/commits', message], capture_output=True, text=True)
    assert done.returncode == (1 if words else 0), done.stdout + done.stderr
    assert words in done.stdout


@pytest.mark.parametrize(
    'low, words',
    [
        # A room uses its own and what stands below it, and what a seam names.
        (('c', 'void verify_failed(void); void f(void) { verify_failed(); }'), None),
        (('c', 'int g; void f(void) { g++; }'), None),
        # Declared by hand, so that no include shows it.
        (
            ('c', 'void traps_init(void); void f(void) { traps_init(); }'),
            'lib: low uses traps_init: trap stands',
        ),
        (('asm', 'bits 64\nextern traps_init\ncall traps_init\n'), 'lib: low uses traps_init: trap stands'),
        (
            ('c', 'void kernel64_run(void); void f(void) { kernel64_run(); }'),
            'kernel64_run: main stands above lib',
        ),
    ],
)
def test_no_room_uses_a_symbol_of_a_room_above_it(tmp_path, low, words):
    """Two rooms as libraries: lib, and trap above it."""
    suffix, text = low
    (tmp_path / f'low.{suffix}').write_text(text)
    (tmp_path / 'high.c').write_text(
        'void f(void); void traps_init(void) { f(); } void verify_failed(void) {}'
    )
    compilers = {'c': ['gcc', '-c', '-fno-pic', '-O1'], 'asm': ['nasm', '-f', 'elf64']}
    for name, kind, room in ('low', suffix, 'lib_once'), ('high', 'c', 'trap'):
        command = compilers[kind] + [f'{name}.{kind}', '-o', f'{name}.o']
        subprocess.run(command, cwd=tmp_path, check=True)
        subprocess.run(['ar', 'rc', f'libkernel64_{room}.a', f'{name}.o'], cwd=tmp_path, check=True)
    done = subprocess.run(
        [
            ROOT / 'scripts/check/walls',
            '--symbols',
            'nm',
            'stamp',
            'libkernel64_lib_once.a',
            'libkernel64_trap.a',
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == (1 if words else 0), done.stdout
    assert (words or 'every wall holds') in done.stdout
    assert (tmp_path / 'stamp').exists() == (not words)


@pytest.mark.parametrize('back', ['void f(void);', 'extern int state;'])
@pytest.mark.parametrize('room', ['mm', 'trap'])
def test_no_file_of_mm_uses_one_that_uses_it(tmp_path, room, back):
    """A call and its way back, by a call or a variable. Other rooms have an order of includes only."""
    use = 'f();' if '(' in back else 'state++;'
    (tmp_path / 'top.c').write_text('int state; void g(void); void f(void) { g(); }')
    (tmp_path / 'middle.c').write_text('void h(void); void g(void) { h(); }')
    (tmp_path / 'bottom.c').write_text(f'{back} void h(void) {{ {use} }}')
    names = ['top', 'middle', 'bottom']
    command = ['gcc', '-c', '-fno-pic', '-O1', *(f'{name}.c' for name in names)]
    subprocess.run(command, cwd=tmp_path, check=True)
    library = f'libkernel64_{room}.a'
    subprocess.run(['ar', 'rc', library, *(f'{name}.o' for name in names)], cwd=tmp_path, check=True)
    done = subprocess.run(
        [ROOT / 'scripts/check/walls', '--symbols', 'nm', 'stamp', library],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == (1 if room == 'mm' else 0), done.stdout
    assert ('a circle of uses: bottom -> top -> middle -> bottom' in done.stdout) == (room == 'mm')


@pytest.mark.parametrize(
    'page',
    sorted([ROOT / 'README.md', *(ROOT / 'docs').glob('**/*.md')]),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_path_in_the_docs_exists(page):
    """Links, and words in code type that look like a path of the tree."""
    text = page.read_text()
    folders = '|'.join(
        sorted(
            path.name
            for path in ROOT.iterdir()
            if path.is_dir() and path.name[0] != '.' and not path.name.startswith('build')
        )
    )
    named = set(re.findall(rf'`((?:{folders})/[\w./-]+)`', text))
    named -= set(re.findall(r'^New file `([^`]+)`:', text, re.MULTILINE))  # docs/adding.md makes them
    named |= {
        (page.parent / link).resolve().relative_to(ROOT).as_posix()
        for link in re.findall(r'\]\((?!https?:|#)([^)#]+)[^)]*\)', text)
    }
    for name in sorted(named):
        assert (ROOT / name).exists(), f'{page.name} names {name}'


def test_checks_see_files_that_git_does_not_track_yet(tmp_path):
    """In the folders of the tree; not what it ignores, and not a note beside them."""
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    for name, text in FINE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / '.gitignore').write_text('/mm/made.c\n')
    for command in ['init', '-q'], ['add', '-A']:
        subprocess.run(['git', *command], cwd=tmp_path, check=True)

    def wrong():
        command = [ROOT / 'scripts/check/words', tmp_path]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    (tmp_path / 'mm/made.c').write_text('\n')
    (tmp_path / 'notes.c').write_text('\n')
    assert wrong().returncode == 0, wrong().stdout
    (tmp_path / 'mm/new.c').write_bytes(b'/* \xff */\n')
    assert wrong().returncode == 1
    assert 'mm/new.c:1: no line "SPDX' in wrong().stdout and 'not ASCII' in wrong().stdout
