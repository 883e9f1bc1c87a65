# SPDX-License-Identifier: BSD-2-Clause
"""scripts/check/messages: the messages that it finds in sources, and its report on a page. No machine boots here."""
import pytest

import check_script

PAGE = '| message | meaning | what to do |\n| --- | --- | --- |\n'
SOURCE = (
    '/* log_info("irq", "in a comment"); */\nvoid f(int n)\n{\n    log_info("irq", "line %u masked", n);\n}\n'
)
ROW = '| `irq: line N masked` | Masked. | |\n'


def check(folder, files, *words):
    return check_script.run('messages', folder, files, *words)


@pytest.mark.parametrize(
    'name, call, messages',
    [
        (
            'kernel64/irq/a.c',
            'log_warn("irq", "pin %u at P%#lx: %s%s", a, b, c, d);',
            ['irq: pin N at P0xN: ...'],
        ),
        ('kernel64/irq/a.c', 'log_warn("irq", "one "\n         "line, %-4d", a);', ['irq: one line, N']),
        ('kernel64/irq/a.c', 'log_info("irq", f(a, b) ? "on" : "off");', ['irq: on', 'irq: off']),
        ('kernel64/irq/a.c', 'log_info("irq", "item " NAME " cut: %zu", n);', ['irq: item ... cut: N']),
        (
            'kernel64/irq/a.c',
            'panic("irq: %pS failed.\\nTry again.", f);',
            ['panic: irq: SYMBOL failed. / Try again.'],
        ),
        ('mm/slab.c', 'port_report("slab: %s is full", name);', ['mm: slab: ... is full']),
        ('kernel64/acpi/a.c', 'parser_report(report, "MADT: bad entry, at", n);', ['MADT: bad entry, at']),
        ('kernel64/log/log.c', 'void panic(const char *format, ...)\n{\n    va_start(a, format);\n}', []),
        ('kernel64/irq/a.c', 'log_debug("irq", "for readers of the source");', []),
        (
            'stub32/main.c',
            'console_write("No ");\n    console_write(what);\n    console_write(" at ");\n'
            '    console_write_hex(n);\n    fatal(".");\n    fatal("Twice.");',
            ['No ... at 0xN.', 'Twice.'],
        ),
    ],
)
def test_formats_are_found(tmp_path, name, call, messages):
    done = check(tmp_path, {name: call}, '--list')
    assert [line.split(': ', 1)[1] for line in done.stdout.splitlines()] == messages


@pytest.mark.parametrize(
    'page, fault',
    [
        (PAGE + ROW, None),
        (PAGE, 'kernel64/irq/a.c:4: not in docs/messages.md: irq: line N masked'),
        (PAGE + ROW + '| `irq: gone` | Gone. | |\n', 'docs/messages.md: no source prints: irq: gone'),
        (PAGE + ROW + ROW, 'docs/messages.md: twice: irq: line N masked'),
    ],
)
def test_the_messages_page_matches_the_sources(tmp_path, page, fault):
    done = check(tmp_path, {'kernel64/irq/a.c': SOURCE, 'docs/messages.md': page})
    assert done.returncode == (fault is not None), done.stdout
    assert not fault or fault in done.stdout.splitlines()
