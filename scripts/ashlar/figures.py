# SPDX-License-Identifier: BSD-2-Clause
"""The figures that README.md and docs/ state: which of scripts/bench's results each is, what it says, and what it should say.

tests/bench/figures.toml binds each to a result by the place where it stands: a row and a column of a table, or words of a
sentence. So a page is the only record of a figure: scripts/check/figures compares pages with one another and with the
gates, tests/boot/test_figures.py with what is measured, and `scripts/bench WHAT --record` writes what it has measured.
"""
import dataclasses
import math
import re
import tomllib

from ashlar import ROOT, Failure

BINDINGS = 'tests/bench/figures.toml'
PAGE = 'docs/benchmarks.md'
NUMBER = re.compile(r'(?P<number>-?\d+(?:,\d{3})*(?:\.\d+)?) ?(?P<unit>(?:[MK]iB|KB|M|million|ms)\b)?')
UNITS = {'MiB': 1 << 20, 'KiB': 1 << 10, 'KB': 1000, 'M': 1_000_000, 'million': 1_000_000, 'ms': 1_000_000}


@dataclasses.dataclass
class Figure:
    """@names: of results, whose sum is stated. @start, @end: of the number in the page's text."""

    page: str
    label: str
    names: tuple
    start: int
    end: int
    number: str
    unit: int

    @property
    def value(self):
        return float(self.number.replace(',', '')) * self.unit

    @property
    def step(self):
        """What the last digit shown stands for."""
        digits = self.number.replace(',', '')
        if '.' in digits:
            return self.unit / 10 ** len(digits.split('.')[1])
        return self.unit * (1000 if digits.endswith('000') else 1)

    def is_rounded(self, exact):
        """Whether a page would state @exact like that."""
        return abs(self.value - exact) <= self.step / 2 * 1.0001

    def rounded(self, exact):
        """@exact in as many digits as are there."""
        in_units = math.floor(exact / self.step + 0.5) * self.step / self.unit
        places = len(self.number.split('.')[1]) if '.' in self.number else 0
        return (
            f'{in_units:,.{places}f}'
            if ',' in self.number or in_units >= 10_000
            else f'{in_units:.{places}f}'
        )


def read_bindings(root=ROOT):
    return tomllib.loads((root / BINDINGS).read_text())


def find_number(page, label, names, text, start, end):
    match = NUMBER.search(text, start, end)
    if not match:
        raise Failure(f'{page}: {label}: no number in {text[start:end].strip()!r}')
    return Figure(
        page, label, names, match.start(), match.end('number'), match['number'], UNITS.get(match['unit'], 1)
    )


def section_of(page, text, title):
    """The span of what stands below the heading @title."""
    heading = re.search(rf'^(#+) {re.escape(title)}$', text, re.MULTILINE)
    if not heading:
        raise Failure(f'{page} has no section {title!r}')
    after = re.compile(rf'^#{{1,{len(heading[1])}}} ', re.MULTILINE).search(text, heading.end())
    return heading.end(), after.start() if after else len(text)


def cells_of(text, start, end):
    """(label, headers, the column's, span) of each cell of each table, but for the first column."""
    at, headers = start, None
    for line in text[start:end].splitlines(keepends=True):
        if not line.startswith('|'):
            headers = None
        else:
            spans = [(match.start() + 1, match.end()) for match in re.finditer(r'\|[^|\n]*(?=\|)', line)]
            words = [line[begin:stop].strip() for begin, stop in spans]
            if headers is None:
                headers = words
            elif not re.fullmatch(r'[-: ]+', words[0]):
                for header, (begin, stop) in list(zip(headers, spans))[1:]:
                    yield words[0], headers, header, at + begin, at + stop
        at += len(line)


def names_of(value):
    return tuple(value) if isinstance(value, list) else (value,)


def figures_of_table(binding, text):
    page = binding['page']
    start, end = section_of(page, text, binding['section'])
    # A column by its whole name or, as "Linux 6.1.0-56-amd64" changes, by how it begins.
    cells = [
        (label, begin, stop)
        for label, headers, header, begin, stop in cells_of(text, start, end)
        if header == binding['column']
        or binding['column'] not in headers
        and header.startswith(binding['column'])
        if any(words.startswith(binding.get('beside', '')) for words in headers)
    ]
    for label, names in binding['rows'].items():
        found = [(begin, stop) for words, begin, stop in cells if words == label]
        where = f'{binding["section"]}: {label}: {binding["column"]}'
        if len(found) != 1:
            raise Failure(f'{page}: {where}: {len(found)} such cells and not one')
        yield find_number(page, where, names_of(names), text, *found[0])
        # The target of a row stands beside its figure, or beside its name.
        line = text.rfind('\n', 0, found[0][0]) + 1
        for begin, stop in (found[0], (line, text.index('|', line + 1))):
            if beside := re.compile(r'\(target (?=\d)').search(text, begin, stop):
                yield find_number(page, f'{where}, target', (f'target.{names}',), text, beside.end(), stop)


def figures_of_sentence(binding, text):
    """A sentence names its number by the words around it, with `#` in its place; a line end is a space."""
    page, words = binding['page'], binding['words']
    before, after = words.split('#')
    pattern = r'\s+'.join(map(re.escape, before.split())) + r'\s*' * bool(before)
    found = list(
        re.finditer(f'({pattern})[\\d,.]+' + r'\s+'.join(['', *map(re.escape, after.split())]), text)
    )
    if len(found) != 1:
        raise Failure(f'{page}: {words!r}: {len(found)} such sentences and not one')
    yield find_number(page, repr(words), names_of(binding['result']), text, found[0].end(1), len(text))


def read(root=ROOT):
    """Every figure that is bound to a result."""
    bindings, texts, figures = read_bindings(root), {}, []
    for kind, reader in (('table', figures_of_table), ('sentence', figures_of_sentence)):
        for binding in bindings.get(kind, []):
            page = binding['page']
            if page not in texts:
                texts[page] = (root / page).read_text()
            figures += reader(binding, texts[page])
    return figures


def is_time_of_host(item):
    """A figure that another host, or the same one when it is busy, gives otherwise."""
    return (
        item['unit'] == 'seconds'
        or item['name'].startswith(('mm.hosted.', 'mm.utilisation.'))
        or item.get('system', '').startswith('on this host')
    )


def values_of(objects, with_times=True):
    """{name: value} of scripts/bench's JSON: each name with what tells several of one name apart, and `target.NAME`."""
    values = {}
    for item in objects:
        if is_time_of_host(item) and not with_times:
            continue
        name = item['name']
        if item.get('system', 'Ashlar').startswith('Linux'):
            name = f'linux.{name}' + ('.told' if 'lpj' in item['system'] else '')
        elif item.get('system', 'Ashlar') != 'Ashlar':
            name = f'{item["system"]}.{name}'
        for key in ('others', 'cpus'):
            if key in item:
                name += f'.{item[key]}'
        values[name] = item['value']
        if 'target' in item:
            values[f'target.{name}'] = item['target']
        for key in ('least', 'most', 'few', 'many', *(('few_ns', 'many_ns') if with_times else ())):
            if key in item:
                values[f'{name}.{key}'] = item[key]
    return values


def exact(figure, values):
    """What @figure should state by @values; None when that was not measured."""
    if any(values.get(name) is None for name in figure.names):
        return None
    return sum(values[name] for name in figure.names)


def record(values, root=ROOT):
    """Writes into the pages what was measured. Return: the figures that changed, in words."""
    changed, edits = [], {}
    for figure in read(root):
        value = exact(figure, values)
        if value is None or figure.is_rounded(value):
            continue
        edits.setdefault(figure.page, []).append((figure.start, figure.end, figure.rounded(value)))
        changed.append(f'{figure.page}: {figure.label}: {figure.number} is {figure.rounded(value)} now')
    for page, replacements in edits.items():
        text = (root / page).read_text()
        for start, end, number in sorted(replacements, reverse=True):
            text = text[:start] + number + text[end:]
        (root / page).write_text(text)
    return changed
