# SPDX-License-Identifier: BSD-2-Clause
"""docs/report.schema.json: it is what docs/interfaces.md describes and what the kernel prints. Every other boot test
validates its machines' objects as well (conftest.py)."""
import copy
import re

import jsonschema
import pytest

import report_schema
from ashlar import ROOT, schema

MEMORY = {
    'v': 1,
    'type': 'memory',
    'firmware': [{'start': 0, 'end': 655360, 'kind': 'usable'}],
    'usable': [{'start': 0, 'end': 655360}],
    'usable_bytes': 655360,
    'free_bytes': 4096,
    'metadata_bytes': 0,
    'totals': [{'kind': 'usable', 'bytes': 655360}],
}


def documented():
    """{type: members} of the tables of docs/interfaces.md."""
    found, name = {}, None
    for line in (ROOT / 'docs/interfaces.md').read_text().splitlines():
        if match := re.match(r'\*\*(\w+)\*\*', line):
            name = match[1]
            found[name] = set()
        elif line.startswith('## '):
            name = None
        elif name and line.startswith('| `'):
            found[name] |= set(re.findall(r'`(\w+)`', line.split('|')[1]))
    return found


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema.read())


def test_the_schema_has_what_the_page_describes():
    assert {name: set(schema.members_of(name)) for name in schema.types()} == documented()


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda item: item.update(v=2), 'v: 1 was expected'),
        (lambda item: item.pop('usable_bytes'), "'usable_bytes' is a required property"),
        (lambda item: item.update(free_bytes='many'), "free_bytes: 'many' is not of type 'integer'"),
        (lambda item: item.update(free_bytes=-1), 'free_bytes: -1 is less than the minimum'),
        (lambda item: item.update(free_bytes=2**64), 'free_bytes: '),
        (lambda item: item.update(free_bytes=True), 'free_bytes: True is not'),
        (lambda item: item['usable'][0].pop('end'), "usable/0: 'end' is a required property"),
        (lambda item: item.update(type=5), 'type: 5 is not'),
    ],
)
def test_an_object_that_breaks_its_contract_is_named(change, words):
    assert not report_schema.complaints([MEMORY])
    item = copy.deepcopy(MEMORY)
    change(item)
    found = report_schema.complaints([item])
    assert found and words in found[0]


def test_new_types_and_members_are_valid_and_noticed():
    added = {**MEMORY, 'kept_bytes': 5, 'usable': [{'start': 0, 'end': 1, 'node': 0}]}
    assert not report_schema.complaints([added, {'v': 1, 'type': 'weather'}])
    assert len(report_schema.complaints([added], closed=True)) == 2


@pytest.mark.parametrize('words', [{}, {'smp': '4', 'machine': 'pc'}])
def test_a_whole_report_holds_nothing_that_the_schema_lacks(boot, words):
    """A member that is added is added to the schema and to docs/interfaces.md."""
    outcome = boot('report; bench irq.entry; test memmap.*; nonsense; exit', boot='kernel', **words)
    items = outcome.stream.objects
    assert {item['type'] for item in items} >= set(schema.types()) - {'reboot', 'bench', 'memtest'}
    assert not report_schema.complaints(items, closed=True)
    assert outcome.stream.failed_commands() == ['nonsense']
    assert outcome.stream.fact('verdict')['warnings'] >= 1
