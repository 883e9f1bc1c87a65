# SPDX-License-Identifier: BSD-2-Clause
"""The rules of SPDX 2.3 for a document in JSON, as far as a release's document uses them.

Source: SPDX Specification 2.3, clauses 6, 7, 8 and 11, annex D.
"""
import re

DOCUMENT, PACKAGE, FILE = 'document', 'package', 'file'
# Member: (whether it must be there, the pattern of its text). A pattern of None: not a text.
ID, TEXT = r'SPDXRef-[A-Za-z0-9.-]+', r'(?s).+'
MEMBERS = {
    DOCUMENT: {
        'spdxVersion': (True, r'SPDX-2\.3'),
        'dataLicense': (True, r'CC0-1\.0'),
        'SPDXID': (True, r'SPDXRef-DOCUMENT'),
        'name': (True, r'.+'),
        'documentNamespace': (True, r'[a-z][a-z0-9+.-]*://[^\s#]+'),
        'creationInfo': (True, None),
        'packages': (False, None),
        'files': (False, None),
        'relationships': (False, None),
    },
    PACKAGE: {
        'SPDXID': (True, ID),
        'name': (True, r'.+'),
        'versionInfo': (False, r'.+'),
        'downloadLocation': (True, r'NONE|NOASSERTION|[a-z][a-z0-9+.-]*:\S+'),
        'filesAnalyzed': (False, None),
        'licenseConcluded': (False, TEXT),
        'licenseDeclared': (False, TEXT),
        'copyrightText': (False, TEXT),
        'sourceInfo': (False, TEXT),
        'comment': (False, TEXT),
    },
    FILE: {
        'SPDXID': (True, ID),
        'fileName': (True, r'\./.+'),
        'checksums': (True, None),
        'licenseConcluded': (False, TEXT),
        'copyrightText': (False, TEXT),
    },
}
CREATED = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'
CREATOR = r'Person: .+|Organization: .+|Tool: .+-.+'
DIGITS = {'SHA1': 40, 'SHA256': 64}
RELATIONSHIPS = {'DESCRIBES', 'CONTAINS', 'GENERATED_FROM', 'BUILD_TOOL_OF'}
LICENSES = {'BSD-2-Clause', 'GPL-3.0-or-later', 'OFL-1.1'}


def _is_license(words):
    """A license expression without brackets."""
    return words in ('NONE', 'NOASSERTION') or all(
        word in LICENSES for word in re.split(r' (?:AND|OR) ', words)
    )


def _of_members(item, kind):
    """Complaints about one element of @kind."""
    where = f'{kind} {item.get("SPDXID", "?")}'
    for member, (is_required, pattern) in MEMBERS[kind].items():
        if member not in item:
            if is_required:
                yield f'{where}: no {member}'
        elif pattern and not (isinstance(item[member], str) and re.fullmatch(pattern, item[member])):
            yield f'{where}: {member} is {item[member]!r}'
    for member in set(item) - set(MEMBERS[kind]):
        yield f'{where}: {member} is unknown'
    for member in ('licenseConcluded', 'licenseDeclared'):
        if member in item and not _is_license(item[member]):
            yield f'{where}: {member} is {item[member]!r}'


def _of_file(file):
    sums = {each['algorithm']: each['checksumValue'] for each in file.get('checksums', ())}
    if 'SHA1' not in sums:
        yield f'{file.get("SPDXID")}: no SHA1'
    for algorithm, value in sums.items():
        if not re.fullmatch(rf'[0-9a-f]{{{DIGITS.get(algorithm, 0)}}}', value):
            yield f'{file.get("SPDXID")}: {algorithm} is {value!r}'


def _of_creation(info):
    if not re.fullmatch(CREATED, info.get('created', '')):
        yield f'created is {info.get("created")!r}'
    creators = info.get('creators', [])
    if not creators or not all(re.fullmatch(CREATOR, each) for each in creators):
        yield f'creators are {creators}'


def _of_relationships(document, ids):
    described = False
    for each in document.get('relationships', ()):
        ends = each['spdxElementId'], each['relatedSpdxElement']
        yield from (f'a relationship names {end}, which is no element' for end in ends if end not in ids)
        if each['relationshipType'] not in RELATIONSHIPS:
            yield f'a relationship is {each["relationshipType"]!r}'
        described |= each['relationshipType'] == 'DESCRIBES' and ends[0] == 'SPDXRef-DOCUMENT'
    if not described:
        yield 'the document describes nothing'


def complaints(document):
    """All that is wrong with @document; empty if it is valid."""
    packages, files = document.get('packages', []), document.get('files', [])
    ids = [item.get('SPDXID') for item in (document, *packages, *files)]
    found = [*_of_members(document, DOCUMENT), *_of_creation(document.get('creationInfo', {}))]
    for package in packages:
        found += _of_members(package, PACKAGE)
        # The default is true, which requires a verification code over the package's files.
        if package.get('filesAnalyzed') is not False:
            found.append(
                f'{package.get("SPDXID")}: filesAnalyzed is not false, and there is no verification code'
            )
    for file in files:
        found += [*_of_members(file, FILE), *_of_file(file)]
    found += [f'{each} is there twice' for each in sorted({id for id in ids if ids.count(id) > 1}, key=str)]
    return found + list(_of_relationships(document, ids))
