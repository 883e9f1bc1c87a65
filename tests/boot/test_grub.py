# SPDX-License-Identifier: BSD-2-Clause
"""Boots by GRUB: modules, long command lines; and a disk whose installed GRUB gets the entry by the steps
of docs/install.md."""
import random
import re
import shutil
import stat
import struct
import subprocess

import pytest

from ashlar import ROOT
from ashlar.command import output_of

GRUB = {'bios': 'i386-pc', 'uefi': 'x86_64-efi'}
SECTOR = 512
FIRST_SECTOR = 2048  # of the partition; GRUB's core lies before it
DIRECT_MAP_START = 0xFFFF800000000000


# --- modules and command lines -------------------------------------------------------------------


@pytest.fixture
def boot_iso(start, build, tmp_path):
    """boot_iso(menu's command line, modules, ...): a session of an ISO made for it."""

    def boot(cmdline, modules=(), **words):
        iso = build().make_iso(tmp_path / 'own.iso', cmdline=cmdline, modules=modules)
        return start(image=iso, boot='iso', **words)

    return boot


def read_memory(session, physical, size):
    """@size bytes through the kernel's own eyes, so few at a time that the pager of an 80-column screen does not stop."""
    for at in range(0, size, 128):
        session.type(f'peek {DIRECT_MAP_START + physical + at:#x} {min(128, size - at)}\n')
        session.expect(r'^ashlar> ', 60)
    rows = re.findall(
        r'^([0-9a-f]{16}) ((?: [0-9a-f]{2}){1,16})', '\n'.join(session.stream().lines), re.MULTILINE
    )
    return b''.join(bytes.fromhex(row) for _, row in rows)


@pytest.mark.parametrize('firmware', ['bios', 'uefi'])
def test_modules_arrive_whole_with_their_command_lines(boot_iso, tmp_path, firmware):
    generator = random.Random(7)
    files = {'first': generator.randbytes(300), 'empty': b'', 'large': generator.randbytes(3 << 20)}
    modules = []
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        modules.append(f'{tmp_path / name}:--name={name} "two words"')
    session = boot_iso('', modules, firmware=firmware)
    session.expect(r'^ashlar> ', 120)
    session.type('modules\n')
    session.expect(r'^ashlar> ', 60)
    listed = re.findall(
        r'^ *\d+  P(0x\w+) - P(0x\w+) +(\d+) bytes  (.*)$', '\n'.join(session.stream().lines), re.MULTILINE
    )
    assert [int(size) for _, _, size, _ in listed] == [len(data) for data in files.values()]
    for (start, end, size, words), name in zip(listed, files):
        assert int(end, 16) - int(start, 16) == int(size)
        assert f'--name={name}' in words and 'two words' in words
        if size != '0':
            assert int(start, 16) % 4096 == 0  # our header asks for it
    assert read_memory(session, int(listed[0][0], 16), 300) == files['first']
    # Reserved: no byte of them is usable memory, whatever GRUB's map contains.
    session.type('report memory -j\n')
    session.expect(r'"type":"memory".*\n', 60)
    for item in session.stream().fact('memory')['usable']:
        for start, end, _, _ in listed:
            assert int(end, 16) <= item['start'] or int(start, 16) >= item['end'] or start == end


def test_a_module_of_half_the_memory_boots(boot_iso, tmp_path):
    large = tmp_path / 'large'
    with open(large, 'wb') as file:
        file.truncate(24 << 20)
    outcome = boot_iso('run="test; exit"', [large], memory='64M').wait(120)
    assert outcome.verdict == 'pass', outcome.words


def test_a_long_command_line_with_quotes_arrives_whole(boot_iso):
    filler = ' '.join(f'unknown.option.{i}=x' for i in range(90))
    session = boot_iso(f'{filler} run="boot; report; exit" loglevel=error')
    outcome = session.wait(120)
    assert outcome.verdict == 'pass', outcome.words
    line = outcome.stream.fact('boot')['command_line']
    assert len(line) > 1024
    assert filler in line and line.rstrip().count('unknown.option.89=x') == 1
    assert 'boot; report; exit' in line


def test_unknown_options_are_reported_and_ignored(boot_iso):
    outcome = boot_iso('consle=fb run="exit" =x').wait(120)
    assert outcome.verdict == 'pass', outcome.words
    assert any("unknown option 'consle' ignored" in line for line in outcome.stream.lines)


# --- an installed GRUB ---------------------------------------------------------------------------

OTHER_ENTRY = '''set timeout=0
serial --unit=0
terminal_output serial
menuentry 'The system that was here before' {
    echo 'the other system'
    sleep 100
}
'''


def pasted_entry(tree, elf):
    """The steps of docs/install.md for any GRUB."""
    shutil.copyfile(elf, tree / 'boot/ashlar.elf')
    return (ROOT / 'iso/snippets/grub.cfg').read_text()


def generated_entry(tree, elf):
    """The steps of docs/install.md for Debian: the script in /etc/grub.d. update-grub would run it so, with
    grub-probe's and grub-mkrelpath's answers for the disk it runs on."""
    shutil.copyfile(elf, tree / 'boot/ashlar.elf')
    fakes = tree.parent / 'fakes'
    fakes.mkdir()
    answers = {
        'probe': 'case "$*" in *partmap*) echo msdos ;; *hint*|*abstraction*) ;; *fs_uuid*) echo $UUID ;; *=fs*) echo ext2 ;; '
        '*=device*) echo /dev/sda1 ;; *compat*|*drive*) echo "(hd0,msdos1)" ;; esac',
        'mkrelpath': f'echo "${{1#{tree}}}"',
    }
    for name, body in answers.items():
        (fakes / name).write_text(f'#!/bin/sh\n{body}\n')
        (fakes / name).chmod((fakes / name).stat().st_mode | stat.S_IXUSR)
    script = ROOT / 'iso/snippets/40_ashlar'
    done = subprocess.run(
        ['sh', str(script)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={
            'PATH': '/usr/bin:/bin',
            'UUID': UUID,
            'ASHLAR_IMAGE': str(tree / 'boot/ashlar.elf'),
            'ASHLAR_CMDLINE': 'mem=100M',
            'grub_probe': str(fakes / 'probe'),
            'grub_mkrelpath': str(fakes / 'mkrelpath'),
        },
    )
    assert done.returncode == 0, done.stderr
    assert 'Found Ashlar' in done.stderr
    return done.stdout


def blind_entry(tree, elf):
    """Like many hand-written entries: no video driver, so under UEFI no framebuffer."""
    return ''.join(
        line for line in pasted_entry(tree, elf).splitlines(True) if 'video' not in line and 'gfx' not in line
    )


UUID = '2d3cc3a5-6f1c-4f0e-9d6c-0a3f1c7be011'


def make_tree(tmp_path, firmware):
    """A disk's files as grub-install leaves them."""
    tree = tmp_path / 'tree'
    platform = GRUB[firmware]
    shutil.copytree(
        f'/usr/lib/grub/{platform}',
        tree / 'boot/grub' / platform,
        ignore=lambda _, names: [name for name in names if not name.endswith(('.mod', '.lst'))],
    )
    return tree


def make_bios_disk(tmp_path, tree):
    """An MBR disk: boot.img in its first sector, core.img after it, an ext2 partition."""
    core, part, disk = tmp_path / 'core.img', tmp_path / 'part.img', tmp_path / 'disk.img'
    output_of(
        'grub-mkimage',
        '-O',
        'i386-pc',
        '-p',
        '(hd0,msdos1)/boot/grub',
        '-o',
        core,
        'biosdisk',
        'part_msdos',
        'ext2',
    )
    output_of('/sbin/mke2fs', '-q', '-t', 'ext2', '-U', UUID, '-d', tree, part, '32M')
    assert core.stat().st_size <= (FIRST_SECTOR - 1) * SECTOR
    mbr = bytearray(open('/usr/lib/grub/i386-pc/boot.img', 'rb').read())
    entry = struct.pack(
        '<B3sB3sII', 0x80, b'\0\2\0', 0x83, b'\xff\xff\xff', FIRST_SECTOR, part.stat().st_size // SECTOR
    )
    mbr[446:510] = entry.ljust(64, b'\0')  # where boot.img has code for floppies
    with open(disk, 'wb') as file:
        file.write(mbr)
        file.write(core.read_bytes())
        file.seek(FIRST_SECTOR * SECTOR)
        file.write(part.read_bytes())
    return ['-drive', f'if=ide,format=raw,file={disk}']


def make_uefi_disk(tmp_path, tree):
    """A folder that QEMU shows as a FAT disk, as an EFI system partition is one."""
    (tree / 'EFI/BOOT').mkdir(parents=True)
    output_of(
        'grub-mkimage',
        '-O',
        'x86_64-efi',
        '-p',
        '/boot/grub',
        '-o',
        tree / 'EFI/BOOT/BOOTX64.EFI',
        'part_msdos',
        'part_gpt',
        'fat',
    )
    return ['-drive', f'if=ide,format=raw,file=fat:rw:{tree}']


@pytest.mark.parametrize(
    'firmware,entry',
    [('bios', pasted_entry), ('uefi', pasted_entry), ('bios', generated_entry), ('uefi', blind_entry)],
    ids=['bios-pasted', 'uefi-pasted', 'bios-generated', 'uefi-blind'],
)
def test_an_installed_grub_boots_our_entry(start, build, tmp_path, firmware, entry):
    tree = make_tree(tmp_path, firmware)
    build().compile('iso/ashlar.elf')
    text = entry(tree, build().path('iso/ashlar.elf'))
    # Beside the existing entry; Ashlar's is the default only so that the test need not press keys.
    (tree / 'boot/grub/grub.cfg').write_text(f'{OTHER_ENTRY}{text}set default=Ashlar\n')
    disk = (make_bios_disk if firmware == 'bios' else make_uefi_disk)(tmp_path, tree)
    outcome = start(
        boot='none', machine='pc', firmware=firmware, extra=disk, cmdline='run="report; exit"'
    ).wait(60)
    assert outcome.verdict == 'pass', outcome.words
    facts = outcome.stream.fact('boot')
    assert facts['loader'].startswith('GRUB')
    has_framebuffer = any('framebuffer at' in line for line in outcome.stream.lines)
    assert has_framebuffer == (entry is not blind_entry)
    if entry is generated_entry:
        assert 'mem=100M' in facts['command_line']
        assert outcome.stream.fact('memory')['usable_bytes'] < 100 << 20
