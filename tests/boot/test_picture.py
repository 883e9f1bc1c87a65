# SPDX-License-Identifier: BSD-2-Clause
"""The README's picture shows this kernel: its text, apart from numbers, is that of the same boot today."""
import re

from ashlar import picture
from ashlar.screenshot import read_screenshot


def shape(path):
    """The rows with a word for each number, which differs from boot to boot, and one blank for several."""
    rows = [re.sub(r'[0-9a-f]*\d[0-9a-f]*', 'N', row) for row in read_screenshot(path, picture.CELL)]
    return [re.sub(r'\s+', ' ', row).strip() for row in rows]


def test_the_picture_is_of_this_kernel(start, build, tmp_path):
    iso = build().make_iso(tmp_path / 'picture.iso', gfxmode=picture.MODE)
    session = start(image=iso, qmp=True, **picture.MACHINE)
    picture.take(session, tmp_path / 'now.ppm')
    picture.read_png(picture.PICTURE, tmp_path / 'then.ppm')
    now, then = shape(tmp_path / 'now.ppm'), shape(tmp_path / 'then.ppm')
    assert '\ufffd' not in ''.join(then).replace('\ufffd', '', 1), 'only the cursor is no character'
    assert then == now, 'scripts/picture makes it again'
