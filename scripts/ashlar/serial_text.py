# SPDX-License-Identifier: BSD-2-Clause
"""Serial bytes as lines of text, by whichever program they were captured.

Terminal programs end lines by LF, CR LF, CR CR LF or CR, and Windows' shells write UTF-16. Firmware and loaders colour
their text and move the cursor. A line here is the text between two line ends or cursor movements, without control characters.
"""
import codecs
import re

# Cursor position, next line, form feed: the text after it is in another row.
NEW_ROW = re.compile(r'\x1b\[\d*(?:;\d*)?[HfEF]|[\f\v\x85]')
# ECMA-48: OSC strings, CSI sequences, other escapes with their intermediate bytes. Never across a line end.
ESCAPE = re.compile(r'\x1b(?:\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])')
LINE_END = re.compile(r'\r*\n|\r+')
CONTROL = re.compile(r'[\x00-\x08\x0e-\x1f\x7f\ufeff]')

BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF32_LE, 'UTF-32', 'utf-32'),
    (codecs.BOM_UTF32_BE, 'UTF-32', 'utf-32'),
    (codecs.BOM_UTF16_LE, 'UTF-16', 'utf-16'),
    (codecs.BOM_UTF16_BE, 'UTF-16', 'utf-16'),
]
# Without a byte order mark: of the bytes that would be the upper halves of ASCII characters, so many are 0.
UPPER_HALVES_ZERO = 0.9
SAMPLE_BYTES = 4096


def _share_of_zeros(data):
    return data.count(0) / len(data) if data else 0.0


def encoding_of(data):
    """The encoding's name for people and Python's name for it; the first is '' for plain bytes."""
    for mark, name, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name, codec
    sample = data[:SAMPLE_BYTES]
    even, odd = _share_of_zeros(sample[0::2]), _share_of_zeros(sample[1::2])
    if odd > UPPER_HALVES_ZERO and even < 1 - UPPER_HALVES_ZERO:
        return 'UTF-16', 'utf-16-le'
    if even > UPPER_HALVES_ZERO and odd < 1 - UPPER_HALVES_ZERO:
        return 'UTF-16', 'utf-16-be'
    return '', 'utf-8'


def text_of(data):
    """@data, bytes or text, with LF as the only line end and without escape sequences and controls."""
    if isinstance(data, (bytes, bytearray)):
        data = bytes(data).decode(encoding_of(data)[1], 'replace')
    data = LINE_END.sub('\n', NEW_ROW.sub('\n', data))
    return CONTROL.sub('', ESCAPE.sub('', data))


def lines_of(data):
    return text_of(data).split('\n')
