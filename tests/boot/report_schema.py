# SPDX-License-Identifier: BSD-2-Clause
"""`@ashlar` objects held against docs/report.schema.json."""
import copy

import jsonschema

from ashlar import schema


def complaints(items, closed=False):
    """What is wrong with each object, one a line. @closed: members that the schema lacks are wrong, too."""
    validator = jsonschema.Draft202012Validator(_closed(schema.read()) if closed else schema.read())
    return [
        f'{item.get("type")}: {"/".join(map(str, error.absolute_path))}: {error.message[:300]}'
        for item in items
        for error in validator.iter_errors(item)
    ]


def _closed(whole):
    whole = copy.deepcopy(whole)
    for part in whole['$defs'].values():
        if 'properties' in part:
            _close(part)
            part['properties'].update(v=True, type=True)
    return whole


def _close(part):
    if 'properties' in part:
        part['additionalProperties'] = False
        for member in part['properties'].values():
            _close(member.get('items', member))
