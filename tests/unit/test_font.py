#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/build/font.py on fonts made up here, in which every glyph is its own pattern."""
import gzip
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest

FONT_PY = os.path.join(os.path.dirname(__file__), "../../scripts/build/font.py")
SEED = random.randrange(2**32)


def pattern(character, width, height):
    return bytes((character * 31 + n * 7 + height) % 256 for n in range(height * (width // 8)))


def psf1(order, height, with_table=True):
    """A font of 256 glyphs in which glyph n is the character order[n]."""
    data = struct.pack("<BBBB", 0x36, 0x04, 2 if with_table else 0, height)
    data += b"".join(pattern(c, 8, height) for c in order)
    if with_table:
        # A sequence that begins with a character does not map that character.
        data += b"".join(struct.pack("<HHHHH", c, 0xFFFE, ord("A"), 0x301, 0xFFFF) for c in order)
    return data


def psf2(order, width, height, with_table=True, header=32):
    data = struct.pack(
        "<8I",
        0x864AB572,
        0,
        header,
        1 if with_table else 0,
        len(order),
        height * ((width + 7) // 8),
        height,
        width,
    ).ljust(header, b"\0")
    data += b"".join(pattern(c, (width + 7) // 8 * 8, height) for c in order)
    if with_table:
        data += b"".join(chr(c).encode() + b"\xfeA\xcc\x81\xff" for c in order)
    return data


def convert(data, size):
    """Return: (the converter's result, the bytes of the C array or None)."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = os.path.join(folder, "font"), os.path.join(folder, "font.c")
        with open(source, "wb") as file:
            file.write(data)
        result = subprocess.run(
            [sys.executable, FONT_PY, source, size, output],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if result.returncode != 0:
            return result, None
        with open(output) as file:
            text = file.read()
    body = text[text.index("= {") + 3 : text.index("};")]
    return result, bytes(int(number, 16) for number in re.findall(r"0x[0-9a-f]{2}", body))


class Font(unittest.TestCase):
    def setUp(self):
        self.order = list(range(256))
        random.Random(SEED).shuffle(self.order)

    def expect_patterns(self, data, width, height):
        result, lines = convert(data, f"{width}x{height}")
        self.assertEqual(result.returncode, 0, result.stderr)
        step = width // 8
        self.assertEqual(len(lines), height * 128 * step)
        for character in range(128):
            shape = b"".join(lines[(y * 128 + character) * step :][:step] for y in range(height))
            is_printable = 0x20 <= character < 0x7F
            self.assertEqual(
                shape, pattern(character, width, height) if is_printable else bytes(height * step)
            )

    def test_psf1_by_its_table(self):
        self.expect_patterns(psf1(self.order, 16), 8, 16)

    def test_psf1_without_table_is_in_order(self):
        self.expect_patterns(psf1(range(256), 14, with_table=False), 8, 14)

    def test_psf2_by_its_table(self):
        self.expect_patterns(psf2(self.order, 16, 32), 16, 32)

    def test_psf2_with_a_longer_header(self):
        self.expect_patterns(psf2(self.order, 8, 16, header=40), 8, 16)

    def test_gzipped(self):
        self.expect_patterns(gzip.compress(psf2(self.order, 8, 16)), 8, 16)

    def expect_refusal(self, data, size, words):
        result, lines = convert(data, size)
        self.assertIsNone(lines)
        self.assertIn(words, result.stderr)

    def test_a_missing_character_is_reported(self):
        self.expect_refusal(psf2([c for c in self.order if c != ord("q")], 8, 16), "8x16", "no glyph for q")

    def test_another_size_is_refused(self):
        self.expect_refusal(psf2(self.order, 8, 14), "8x16", "8x14, not 8x16")

    def test_a_width_between_bytes_is_refused(self):
        self.expect_refusal(psf2(self.order, 12, 24), "12x24", "no multiple of 8")

    def test_a_truncated_file_is_refused(self):
        self.expect_refusal(psf2(self.order, 8, 16)[:3000], "8x16", "promises more")

    def test_another_format_is_refused(self):
        self.expect_refusal(b"STARTFONT 2.1\n", "8x16", "neither PSF1 nor PSF2")


if __name__ == "__main__":
    print(f"seed {SEED}")
    unittest.main()
