# SPDX-License-Identifier: BSD-2-Clause
"""The boot medium: small, bootable from everything that boots. That its bytes are those of the commit: test_release.py."""
import shutil
import subprocess

import pytest

from ashlar import ROOT

LARGEST_ISO = 5 << 20
# What the log of each entry of the menu has, and what not, with a command line that reports and exits.
MENU = [
    ('smp: 2 of 2 CPUs online', 'console: framebuffer at', None),
    ('smp: 2 of 2 CPUs online', 'given: run=', 'console: framebuffer at'),
    ('smp: 2 of 2 CPUs online', 'given: console=serial', 'console: framebuffer at'),
    ('smp: 1 of 2 CPUs online', '"events":"pit"', 'console: framebuffer at'),
    ('smp: 2 of 2 CPUs online', 'memtest: 0 errors in ', None),
    ('smp: 2 of 2 CPUs online', 'KTAP version 1', None),
]
SAFE_MODE = 3
STICK = ('-drive', 'if=none,id=stick,format=raw,readonly=on,file={iso}')


def test_the_iso_is_small(build):
    assert build().iso.stat().st_size <= LARGEST_ISO


def test_an_iso_without_el_torito_images_is_refused(build, tmp_path):
    """With an xorriso that drops them, as it would if an option changed its meaning."""
    fake = tmp_path / 'xorriso'
    fake.write_text(
        '#!/bin/sh\nfor word; do case $word in -as) making=yes ;; esac; done\n'
        f'if [ "$making" ]; then exec {shutil.which("xorriso")} -as mkisofs -o {tmp_path}/out.unfinished '
        f'{tmp_path}/tree; fi\nexec {shutil.which("xorriso")} "$@"\n'
    )
    fake.chmod(0o755)
    (tmp_path / 'tree').mkdir()
    (tmp_path / 'tree/file').touch()  # of an empty folder xorriso makes no ISO at all
    variant = build()
    done = subprocess.run(
        [
            '/usr/bin/env',
            f'PATH={tmp_path}:/usr/bin:/bin',
            'python3',
            str(ROOT / 'scripts/build/iso.py'),
            '--elf',
            str(variant.elf),
            '--grub-cfg',
            str(ROOT / 'iso/grub.cfg'),
            '--epoch',
            '1767225600',
            str(tmp_path / 'out.iso'),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert 'no El Torito image' in done.stderr
    assert not (tmp_path / 'out.iso').exists()


@pytest.mark.parametrize('firmware', ['bios', 'uefi'])
def test_the_iso_boots_from_a_usb_stick(start, build, firmware):
    words = [word.format(iso=build().iso) for word in STICK]
    session = start(
        boot='none',
        firmware=firmware,
        cmdline='run="report; exit"',
        extra=(*words, '-device', 'qemu-xhci', '-device', 'usb-storage,drive=stick'),
    )
    outcome = session.wait(180)
    assert outcome.verdict == 'pass', outcome.words
    assert outcome.stream.fact('boot')['protocol'] == 'multiboot2'


def choose(folder, entry):
    """The menu, and a file in @folder of one that boots an entry of it."""
    menu = (ROOT / 'iso/grub.cfg').read_text()
    (folder / 'grub.cfg').write_text(menu.replace('set default=0', f'set default={entry}'))
    return menu, folder / 'grub.cfg'


@pytest.mark.parametrize('entry', range(len(MENU)))
def test_each_entry_of_the_menu_boots_as_it_says(start, build, tmp_path, entry):
    menu, chosen = choose(tmp_path, entry)
    assert menu.count('menuentry "') == len(MENU)
    run = '' if 'run=' in menu.split('menuentry "')[entry + 1] else 'run="options; report time; exit"'
    iso = build().make_iso(tmp_path / 'own.iso', cmdline=run, grub_cfg=chosen)
    session = start(image=iso, boot='iso', smp='2')
    if run:
        assert session.wait(180).verdict == 'pass'
    else:
        if 'run=memtest' in menu.split('menuentry "')[entry + 1]:
            session.expect(r'pass 1  walk .*  ok', 180)
            session.type('\x03')
        session.expect(r'^ashlar> ', 180)
    *shown, absent = MENU[entry]
    lines = session.stream().lines
    for words in shown:
        assert any(words in line for line in lines), words
    assert not absent or not any(absent in line for line in lines)


def test_the_safe_mode_has_a_screen_under_uefi(start, build, tmp_path):
    """There is no VGA text."""
    menu, chosen = choose(tmp_path, SAFE_MODE)
    assert 'safe mode' in menu.split('menuentry "')[SAFE_MODE + 1]
    iso = build().make_iso(tmp_path / 'own.iso', cmdline='run="exit"', grub_cfg=chosen)
    session = start(image=iso, boot='iso', firmware='uefi')
    assert session.wait(180).verdict == 'pass'
    assert any('console: framebuffer at' in line for line in session.stream().lines)
