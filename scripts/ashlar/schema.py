# SPDX-License-Identifier: BSD-2-Clause
"""docs/report.schema.json: the types of the `@ashlar` objects, their members, and the kind of each."""
import functools
import json

from ashlar import ROOT

PATH = ROOT / 'docs/report.schema.json'
# Objects of a log that are no facts about a machine.
NO_FACTS = ('verdict', 'reboot', 'bench')
NUMBER, TEXT, FLAG, LIST, GROUP = 'number', 'text', 'flag', 'list', 'group'
KINDS = {'integer': NUMBER, 'string': TEXT, 'boolean': FLAG, 'array': LIST, 'object': GROUP}


@functools.cache
def read():
    return json.loads(PATH.read_text())


def kind_of(member):
    """NUMBER, TEXT, FLAG, LIST, or GROUP, of members of its own. @member: its part of the schema."""
    if '$ref' in member:
        member = read()['$defs'][member['$ref'].rsplit('/', 1)[1]]
    return TEXT if 'enum' in member else KINDS[member['type']]


def members_of(name):
    """{member: kind} of the type @name."""
    return {member: kind_of(part) for member, part in read()['$defs'][name]['properties'].items()}


def types():
    """The types, in the schema's order."""
    return [name for name, part in read()['$defs'].items() if 'properties' in part]
