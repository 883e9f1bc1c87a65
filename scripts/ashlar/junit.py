# SPDX-License-Identifier: BSD-2-Clause
"""JUnit XML: results as CI systems read them, and such files of other programs read back."""
import dataclasses
import re
import xml.etree.ElementTree as ET

# Characters that no XML document may hold, not even escaped.
FORBIDDEN = re.compile(r'[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
TAGS = {'fail': 'failure', 'skip': 'skipped'}
MESSAGE_CHARACTERS = 200


@dataclasses.dataclass
class Case:
    suite: str
    name: str
    status: str  # pass, fail, skip
    seconds: float = 0.0
    words: str = ''  # why it failed or was skipped

    @property
    def title(self):
        return f'{self.suite}: {self.name}'


def _plain(text):
    return FORBIDDEN.sub('?', text)


def _count(cases):
    return {
        'tests': str(len(cases)),
        'failures': str(sum(case.status == 'fail' for case in cases)),
        'errors': '0',
        'skipped': str(sum(case.status == 'skip' for case in cases)),
        'time': f'{sum(case.seconds for case in cases):.3f}',
    }


def _write_case(parent, case):
    element = ET.SubElement(
        parent,
        'testcase',
        classname=_plain(case.suite),
        name=_plain(case.name),
        time=f'{case.seconds:.3f}',
    )
    if case.status != 'pass':
        words = _plain(case.words)
        ET.SubElement(element, TAGS[case.status], message=words[:MESSAGE_CHARACTERS]).text = words


def write(path, cases, properties=None):
    """@properties: {name: text} about the run."""
    root = ET.Element('testsuites', name='ashlar', **_count(cases))
    for name in dict.fromkeys(case.suite for case in cases):
        members = [case for case in cases if case.suite == name]
        suite = ET.SubElement(root, 'testsuite', name=_plain(name), **_count(members))
        if properties:
            parent = ET.SubElement(suite, 'properties')
            for key, value in properties.items():
                ET.SubElement(parent, 'property', name=key, value=_plain(value))
        for case in members:
            _write_case(suite, case)
    ET.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)


def read(path, suite):
    """The cases of a file, as cases of @suite; a case's name has the last part of its class in front."""
    cases = []
    for element in ET.parse(path).getroot().iter('testcase'):
        name = f'{element.get("classname", "").split(".")[-1]}: {element.get("name")}'
        case = Case(suite, name, 'pass', float(element.get('time', 0)))
        for tag, status in ('skipped', 'skip'), ('error', 'fail'), ('failure', 'fail'):
            found = element.find(tag)
            if found is not None:
                case.status, case.words = status, found.text or found.get('message', '')
                if status == 'skip':
                    case.words = found.get('message', '')
        cases.append(case)
    return cases


def cases_of_run(log, verdict, words, answers, seconds=0.0):
    """A machine's run as cases: its verdict, its self-tests, and what was expected of it.

    @log: a stream.Stream. @words: about a verdict that is not a pass. @answers: of expect.judge().
    """
    asked = [each for each in answers if each.expectation.key == 'verdict']
    is_met = all(each.is_met for each in asked) if asked else verdict == 'pass'
    cases = [Case('machine', 'verdict', 'pass' if is_met else 'fail', seconds, f'{verdict}: {words}')]
    cases += [Case('self-tests', test.name, test.status, 0.0, test.reason) for test in log.tests]
    cases += [
        Case('expected', each.expectation.text, 'pass' if each.is_met else 'fail', 0.0, each.words)
        for each in answers
    ]
    return cases
