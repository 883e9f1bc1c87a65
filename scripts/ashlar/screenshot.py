# SPDX-License-Identifier: BSD-2-Clause
"""The text on a framebuffer's screenshot, read back glyph by glyph by the fonts that are in the image."""
import gzip
import importlib.util
import re

from ashlar import ROOT

FONTS = {(8, 16): 'Uni2-Terminus16.psf.gz', (16, 32): 'Uni2-Terminus32x16.psf.gz'}
CONSOLE_FONTS = '/usr/share/consolefonts'


def load_font_script():
    spec = importlib.util.spec_from_file_location('font', ROOT / 'scripts/build/font.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def glyphs(width, height):
    """{rows of bits: character}; rows are numbers whose highest bit is the leftmost pixel."""
    with gzip.open(f'{CONSOLE_FONTS}/{FONTS[width, height]}') as file:
        found_width, found_height, shapes, characters = load_font_script().read_psf(file.read())
    assert (found_width, found_height) == (width, height)
    size = width // 8
    return {
        tuple(
            int.from_bytes(shapes[characters[ord(c)]][row * size : row * size + size], 'big')
            for row in range(height)
        ): c
        for c in map(chr, range(0x20, 0x7F))
    }


def read_ppm(path):
    """(width, height, rows of bytes) of a binary PPM."""
    data = path.read_bytes()
    magic, width, height, depth = re.match(rb'(P6)\s+(\d+)\s+(\d+)\s+(\d+)\s', data).groups()
    assert magic == b'P6' and depth == b'255'
    width, height = int(width), int(height)
    pixels = data[-3 * width * height :]
    return width, height, [pixels[y * 3 * width : (y + 1) * 3 * width] for y in range(height)]


def read_cell(rows, column, row, cell_width, cell_height):
    """The bits of one cell; anything brighter than half is set."""
    bits = []
    for y in range(row * cell_height, (row + 1) * cell_height):
        value = 0
        for x in range(column * cell_width, (column + 1) * cell_width):
            value = value << 1 | (max(rows[y][3 * x : 3 * x + 3]) > 0x60)
        bits.append(value)
    return tuple(bits)


def read_screenshot(path, cell):
    """The text of a screenshot, row by row; a cell that is no glyph of the font becomes \\ufffd."""
    width, height, rows = read_ppm(path)
    known = glyphs(*cell)
    return [
        ''.join(
            known.get(read_cell(rows, column, row, *cell), '\ufffd') for column in range(width // cell[0])
        ).rstrip()
        for row in range(height // cell[1])
    ]
