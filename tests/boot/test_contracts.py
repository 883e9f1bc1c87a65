# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check/contracts accepts and refuses. No machine boots here."""
import pytest

import check_script

HEAD = '/* SPDX-License-Identifier: BSD-2-Clause */\n#pragma once\n/* Pages. */\n'
CONTRACT = '''/**
 * page_alloc(), page_alloc_zeroed() - a page.
 * @node: near which CPUs.
 * @out:  the page.
 *
 * Context: any.
 */
status_t page_alloc(unsigned int node, void **out) MUST_CHECK;
status_t page_alloc_zeroed(unsigned int node, void **out) MUST_CHECK;
'''
SHARED = 'kernel64/irq/page.h'


def check(folder, files):
    return check_script.run('contracts', folder, files)


@pytest.mark.parametrize(
    'text',
    [
        CONTRACT,
        '/* Return: free pages. Context: any. */\nuint64_t page_count(void);\n',
        '/* Context of all: interrupts off. */\n\nvoid page_f(void);\n\n/* Frees. */\nvoid page_g(int);\n',
        # Not functions: types, objects, macros, members.
        'typedef void page_fn(void *context);\nextern int (*page_hook)(int);\nstruct page_ops { void (*f)(int); };\n'
        '#define PAGE_F(x) \\\n    page_f(x)\nSTATIC_ASSERT(sizeof(int) == 4, "int");\n',
        # The object itself needs no contract; one of another kind does.
        '/**\n * page_free() - give back.\n *\n * Context: any.\n */\nvoid page_free(struct page *page);\n',
        '/* Context: any. */\nstatic inline int page_f(void)\n{\n    return g(1);\n}\n',
    ],
)
def test_complete_contracts_pass(tmp_path, text):
    done = check(tmp_path, {'include/ashlar/page.h': HEAD + text})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'text, fault',
    [
        ('void page_f(void);\n', 'page.h:4: page_f(): no Context'),
        (CONTRACT.replace('Context: any', 'Anywhere'), 'page_alloc(): no Context'),
        # An empty line ends what a comment covers.
        ('/* Context: any. */\nvoid page_f(void);\n\nvoid page_g(void);\n', 'page.h:7: page_g(): no Context'),
        ('void page_f(void);\n/* Context of all: any. */\nvoid page_g(void);\n', 'page_f(): no Context'),
        ('static inline int page_f(void)\n{\n    return 1;\n}\n', 'page_f(): no Context'),
        (CONTRACT.replace(' * @out:  the page.\n', ''), 'page_alloc(): nothing about @out'),
        (
            CONTRACT.replace('page.\n *\n * Context', 'page. Context'),
            'page.h:7: Context: in the middle of a line',
        ),
        (
            CONTRACT.replace(' MUST_CHECK', ''),
            'page.h:12: page_alloc_zeroed(): returns a status_t without MUST_CHECK',
        ),
        (CONTRACT.replace('@node:', '@zone:'), 'has no parameter @zone'),
        (CONTRACT.replace(', page_alloc_zeroed()', ''), 'page_alloc_zeroed(): not in the first line'),
        (CONTRACT.replace('page_alloc()', 'page_take()'), 'page_take(): a contract without a declaration'),
        ('/**\n * page_f() - f.\n *\n * Context: any.\n */\nvoid page_f(struct zone *zone);\n', '@zone'),
    ],
)
def test_incomplete_contracts_are_reported(tmp_path, text, fault):
    done = check(tmp_path, {'include/ashlar/page.h': HEAD + text})
    assert done.returncode == 1
    assert fault in done.stdout


def test_headers_included_by_another_room_are_checked(tmp_path):
    include = '#include <irq/page.h>\n'
    own = {SHARED: HEAD + 'void page_f(void);\n', 'kernel64/irq/page.c': include, 'include/ashlar/x.h': HEAD}
    assert check(tmp_path, own).returncode == 0
    done = check(tmp_path, {'kernel64/time/clock.c': include})
    assert done.returncode == 1
    assert f'{SHARED}:4: page_f(): no Context' in done.stdout
