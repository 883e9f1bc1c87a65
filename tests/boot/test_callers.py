# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/callers accepts and refuses. No machine boots here."""
import pytest

import check_script

HEADER = 'include/ashlar/mm/page.h'
DECLARED = '/* page_get() gives a page. */\nvoid *page_get(void) MUST_CHECK;\n'
DEFINED = '#include <ashlar/mm/page.h>\n\nvoid *page_get(void)\n{\n    return "page_get()";\n}\n'
CALLED = 'void page_init(void)\n{\n    page_get();\n}\n'


def check(folder, files):
    return check_script.run('callers', folder, files)


@pytest.mark.parametrize(
    'caller', [CALLED, 'page_fn *page_hook = page_get;\n', '#define PAGE() page_get()\n']
)
def test_a_function_with_a_caller_passes(tmp_path, caller):
    done = check(tmp_path, {HEADER: DECLARED, 'mm/page.c': DEFINED, 'kernel64/page.c': caller})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'place, text',
    [
        ('tests/unit/test_page.c', CALLED),
        ('kernel64/page.c', '/* As page_get(). */\nchar words[] = "page_get()";\n'),
        ('kernel64/page.h', DECLARED),
    ],
)
def test_tests_words_and_declarations_are_no_callers(tmp_path, place, text):
    done = check(tmp_path, {HEADER: DECLARED, 'mm/page.c': DEFINED, place: text})
    assert done.returncode == 1 and 'page_get(): no caller' in done.stdout


def test_an_inline_function_needs_a_caller_too(tmp_path):
    done = check(tmp_path, {HEADER: 'static inline int page_f(int (*g)(int))\n{\n    return g(1);\n}\n'})
    assert 'page_f(): no caller' in done.stdout


def test_a_listed_function_needs_a_test_and_a_page(tmp_path):
    files = {HEADER: 'void *krealloc(void *pointer);\n'}
    done = check(tmp_path, files)
    assert 'krealloc(): no unit test calls it' in done.stdout
    assert 'krealloc(): no page of docs/ names it' in done.stdout
    files |= {'tests/unit/test_k.c': 'x = krealloc(x);\n', 'docs/k.md': 'So `krealloc()` is there.\n'}
    assert 'krealloc()' not in [line[:10] for line in check(tmp_path, files).stdout.splitlines()]
    files['kernel64/k.c'] = 'void f(void)\n{\n    krealloc(NULL);\n}\n'
    assert 'krealloc(): has a caller: take it out of INTERFACE' in check(tmp_path, files).stdout
