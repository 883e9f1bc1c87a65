# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/locks accepts and refuses. No machine boots here."""
import pytest

import check_script

HEAD = '/* SPDX-License-Identifier: BSD-2-Clause */\n/* A page of memory. */\n#pragma once\n'
HELD = '/* The lock is held. */\n'


def check(folder, files):
    return check_script.run('locks', folder, files)


@pytest.mark.parametrize(
    'files, words',
    [
        ({'mm/page.c': HEAD + 'struct spinlock lock;\n'}, 'page.c:4: lock: no comment "guarded by'),
        (
            {'mm/page.c': HEAD + 'static struct spinlock a = SPINLOCK("a", LOCK_A);\n/* guarded by b: */\n'},
            'mm/page.c:4: a: no comment',
        ),
        (
            {
                'mm/page.h': HEAD
                + 'struct page {\n    struct spinlock a ALIGNED(64); /* outer */\n    int b;\n};\n'
            },
            'mm/page.h:5: a: no comment',
        ),
        (
            {
                'mm/page.c': HEAD
                + 'static int\nf_locked(int a,\n         int b)\n{\n    int c = a + b;\n    return c;\n}\n'
            },
            'mm/page.c:5: f_locked() does not begin with CHECK_HELD()',
        ),
        (
            {
                'mm/page.c': HEAD
                + '/* Frees. Context: the lock is held. */\nstatic void f(void)\n{\n    g();\n}\n'
            },
            'mm/page.c:5: f() does not begin with CHECK_HELD()',
        ),
        (
            {
                'mm/page.h': HEAD + '/* Context: page.lock held. */\nvoid f(void);\n',
                'mm/page.c': HEAD + 'void f(void)\n{\n    g();\n}\n',
            },
            'mm/page.c:4: f() does not begin with CHECK_HELD()',
        ),
        (
            {
                'mm/page.c': HEAD
                + '/* ---- pages; the caller holds the lock ---- */\n\nint a;\n\nstatic int f(void)\n{\n    g();\n}\n'
            },
            'mm/page.c:8: f() does not begin with CHECK_HELD()',
        ),
    ],
)
def test_a_lock_without_a_comment_and_an_unchecked_claim_are_refused(files, words, tmp_path):
    done = check(tmp_path, files)
    assert done.returncode == 1, done.stdout
    assert words in done.stdout


@pytest.mark.parametrize(
    'text',
    [
        'struct spinlock a;\n/* guarded by a: */\nint b;\n',
        HELD + 'static void f(void)\n{\n    CHECK_HELD(&a);\n}\n',
        '/* The lock is held; unchecked, because a panic goes on without it. */\nstatic void f(void)\n{\n}\n',
        '/* Context: any, with any lock held. */\nvoid f(void)\n{\n}\n',
        '/* Context: no lock is held. */\nvoid f(void)\n{\n}\n',
        '/* Returns with the lock held. */\nvoid f(void)\n{\n}\n',
    ],
)
def test_what_is_checked_or_says_why_not_passes(text, tmp_path):
    done = check(tmp_path, {'mm/page.c': HEAD + text})
    assert done.returncode == 0, done.stdout


def test_a_long_list_in_parentheses_takes_no_longer_than_a_short_one(tmp_path):
    """It is no definition, and the search for one gives up at once."""
    text = HEAD + 'MACRO(a,\n' + 200 * 'b,\n' + ';\n'
    assert check(tmp_path, {'mm/page.c': text}).returncode == 0
