# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/format and scripts/check/lint refuse: each fault in a tree of three files that passes before it."""
import json
import os
import shutil
import subprocess

import pytest

from ashlar import ROOT, checks

C_HEAD = '/* SPDX-License-Identifier: BSD-2-Clause */\n/* A page of memory. */\n'
C_TAIL = 'static int *null(void)\n{\n    return (int *)0;\n}\n'
ASM_HEAD = '; SPDX-License-Identifier: BSD-2-Clause\n; Halts.\nbits 64\n\nhalt:\n'
FINE = {
    'mm/page.c': C_HEAD + 'int page(int count);\nint page(int count)\n{\n    return count + 1;\n}\n',
    'scripts/page.py': '# SPDX-License-Identifier: BSD-2-Clause\nPAGE = 4096\n',
    'scripts/page.sh': '#!/bin/sh\n# SPDX-License-Identifier: BSD-2-Clause\nset -eu\necho "$PAGE"\n',
    'cpu/halt.asm': ASM_HEAD + '    mov     eax, 1                      ; one\n    hlt\n',
}
FUNCTION = C_HEAD + 'int page(int count);\nint page(int count)\n{{\n{}}}\n'


class Tree:
    """A small tree under git, with the compile commands of a build."""

    def __init__(self, root):
        self.root = root
        self.environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(root.parent), LC_ALL='C')
        subprocess.run(['git', 'init', '-q', str(root)], check=True)
        for name in ('.clang-format', '.clang-tidy', 'pyproject.toml'):
            (root / name).write_text((ROOT / name).read_text())
        folder = root / 'build-test/gcc-O2-checked'
        folder.mkdir(parents=True)
        command = (
            'gcc -I../../include -O2 -ffreestanding -Werror -MD -MQ p.o -MF p.o.d -o p.o -c ../../mm/page.c'
        )
        entry = {'directory': str(folder), 'command': command, 'file': '../../mm/page.c'}
        (folder / 'compile_commands.json').write_text(json.dumps([entry]))
        self.write(FINE)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        subprocess.run(['git', 'add', '-A'], cwd=self.root, check=True)

    def check(self, name):
        return subprocess.run(
            [str(ROOT / 'scripts/check' / name), str(self.root)],
            capture_output=True,
            text=True,
            env=self.environment,
        )


def refuses(tree, check, change, words):
    before = tree.check(check)
    assert before.returncode in (0, checks.LACKS_A_TOOL), before.stdout + before.stderr
    if 'not checked' in before.stdout and words.split(':')[0] not in before.stdout:
        pytest.skip(before.stdout.splitlines()[0])
    tree.write(change)
    after = tree.check(check)
    assert after.returncode == 1, after.stdout + after.stderr
    assert words in after.stdout
    tree.write(FINE)
    again = tree.check(check)
    assert again.returncode == before.returncode, again.stdout + again.stderr


@pytest.mark.parametrize(
    'change, words',
    [
        (
            {'mm/page.c': FUNCTION.format('  return count;\n')},
            'mm/page.c:5:2: error: code should be clang-form',
        ),
        ({'mm/page.c': C_HEAD + f'/* {"page " * 22} */\n'}, 'mm/page.c:3: 116 columns; the limit is 110'),
        ({'scripts/page.py': FINE['scripts/page.py'] + "PAGE = {'size' : 1}\n"}, "-PAGE = {'size' : 1}"),
        ({'cpu/halt.asm': ASM_HEAD + '    mov    eax, 1\n'}, 'cpu/halt.asm:6: operands of mov are not in'),
        ({'cpu/halt.asm': ASM_HEAD + '  hlt\n'}, 'cpu/halt.asm:6: the indent is no multiple of four'),
        ({'cpu/halt.asm': ASM_HEAD + 'hlt\n'}, 'cpu/halt.asm:6: an instruction at the margin'),
        ({'cpu/halt.asm': ASM_HEAD + '    hlt ; stop\n'}, 'cpu/halt.asm:6: the remark is not in its column'),
        ({'cpu/halt.asm': ASM_HEAD + f'    ; {"page " * 22}\n'}, 'cpu/halt.asm:6: 116 columns'),
    ],
)
def test_format_refuses(tmp_path, change, words):
    refuses(Tree(tmp_path), 'format', change, words)


@pytest.mark.parametrize(
    'change, words',
    [
        # clang-tidy: both branches are one.
        (
            {'mm/page.c': FUNCTION.format('    return count > 1 ? count + 1 : count + 1;\n')},
            'mm/page.c:6: conditional operator with identical true and false expressions [bugprone-branch-clone]',
        ),
        # The analyzer: a path of two functions.
        (
            {
                'mm/page.c': FUNCTION.format('    return count + *null();\n').replace(
                    'int page(int count);\n', C_TAIL + 'int page(int count);\n'
                )
            },
            '[-Wanalyzer-null-dereference]',
        ),
        # In a header, so that the kept result of the file must not count.
        (
            {
                'include/page.h': '#define PAGE_MORE(n) ((n) > 1 ? (n) : (n))\n',
                'mm/page.c': C_HEAD
                + '#include <page.h>\n'
                + FUNCTION[len(C_HEAD) :].format('    return PAGE_MORE(count);\n'),
            },
            'bugprone-branch-clone',
        ),
        (
            {'mm/page.c': FUNCTION.format('    return count; /* NOLINT' '(bugprone-branch-clone) */\n')},
            'mm/page.c:6: NOLINT' ' without the name of a check and a reason',
        ),
        ({'scripts/page.py': FINE['scripts/page.py'] + 'print(SIZE)\n'}, "undefined name 'SIZE'"),
        (
            {'scripts/page.sh': FINE['scripts/page.sh'] + 'rm -r $PAGE/\n'},
            'scripts/page.sh:5:7: note: Double',
        ),
    ],
)
def test_lint_refuses(tmp_path, change, words):
    refuses(Tree(tmp_path), 'lint', change, words)


@pytest.mark.parametrize('check', ['bugprone-branch-clone', 'analyzer-null-dereference'])
def test_lint_accepts_a_suppression_with_a_reason(tmp_path, check):
    """Of the check that it names, and of no other."""
    faults = {
        'bugprone-branch-clone': '    if (count > 1)\n        count++;\n    else\n        count++;\n    return count;\n',
        'analyzer-null-dereference': '    return count + *(int *)0;\n',
    }
    note = f'    /* NOLINT' f'NEXTLINE({check}): a test. */\n'
    tree = Tree(tmp_path)
    for name, fault in faults.items():
        tree.write({'mm/page.c': FUNCTION.format(note + fault)})
        done = tree.check('lint')
        assert (done.returncode == 0) == (name == check), done.stdout


def test_lint_checks_again_when_a_header_changes(tmp_path):
    """And only then: a file that is as it was is not read a second time."""
    tree = Tree(tmp_path)
    page = C_HEAD + '#include <page.h>\n' + FUNCTION[len(C_HEAD) :].format('    return PAGE_MORE(count);\n')
    tree.write({'mm/page.c': page, 'include/page.h': '#define PAGE_MORE(n) ((n) + 1)\n'})
    assert tree.check('lint').returncode == 0
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / 'build-test/lint').iterdir()}
    assert len(kept) == 2
    assert tree.check('lint').returncode == 0
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / 'build-test/lint').iterdir()}
    tree.write({'include/page.h': '#define PAGE_MORE(n) ((n) > 1 ? (n) : (n))\n'})
    done = tree.check('lint')
    assert done.returncode == 1
    assert 'bugprone-branch-clone' in done.stdout


@pytest.mark.parametrize(
    'check, program, words',
    [
        (
            'format',
            'clang-format',
            "C was not checked: install clang-format 14, Debian 12's package clang-format",
        ),
        ('format', 'black', "Python was not checked: install black 23, Debian 12's package black"),
        (
            'lint',
            'clang-tidy',
            "not checked with clang-tidy: install version 14, Debian 12's package clang-tidy",
        ),
        ('lint', 'gcc', "not checked with -fanalyzer: install GCC 12, Debian 12's package gcc"),
        ('lint', 'pyflakes3', "not checked with pyflakes3: install Debian's package pyflakes3"),
        ('lint', 'shellcheck', "not checked with shellcheck: install Debian's package shellcheck"),
    ],
)
def test_a_tool_that_is_missing_or_of_another_version_is_named_with_its_package(
    tmp_path, check, program, words
):
    tree = Tree(tmp_path / 'tree')
    if (before := tree.check(check)).returncode == checks.LACKS_A_TOOL:
        pytest.skip(before.stdout.splitlines()[0])
    programs = tmp_path / 'programs'
    programs.mkdir()
    if program in ('pyflakes3', 'shellcheck'):
        # The folder is the whole of PATH, and has what the check needs but this program. ccache would search PATH.
        places = ':'.join(place for place in os.environ['PATH'].split(':') if 'ccache' not in place)
        needed = {'git', 'env', 'python3', 'gcc', 'as', 'clang-tidy', 'pyflakes3', 'shellcheck'} - {program}
        for name in needed:
            if found := shutil.which(name, path=places):
                (programs / name).symlink_to(found)
        tree.environment['PATH'] = str(programs)
    else:
        for name in program, f'{program}-14':
            (programs / name).write_text('#!/bin/sh\necho version 99.0.1\n')
            (programs / name).chmod(0o755)
        tree.environment['PATH'] = f'{programs}:{os.environ["PATH"]}'
    done = tree.check(check)
    assert done.returncode == checks.LACKS_A_TOOL, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if 'not checked' in line] == [words]
