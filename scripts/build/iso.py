#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the boot medium: one ISO for BIOS and UEFI, for a CD drive and for a USB stick.

    iso.py --elf ashlar.elf --grub-cfg iso/grub.cfg --epoch FILE-OR-SECONDS OUTPUT

grub-mkrescue would do, but its ISO is five times as large (every module GRUB has) and differs on
each run (volume ids and times). So its steps are made here one by one, with everything that could
vary fixed to --epoch, which is the time of the commit:

    GRUB core for El Torito, with the modules we use     grub-mkimage -O i386-pc-eltorito
    GRUB for UEFI, the same, in a small FAT image         grub-mkimage -O x86_64-efi and i386-efi, mtools
    both boot images, the kernel and grub.cfg             xorriso

The same sources and the same versions of these tools give the same bytes.
"""
import argparse
import datetime
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

COMMON_MODULES = [
    'iso9660',
    'search_fs_uuid',
    'normal',
    'multiboot2',
    'all_video',
    'serial',
    'terminal',
    'echo',
    'test',
    'halt',
    'reboot',
]
BIOS_MODULES = ['biosdisk', 'vbe', 'vga', 'video_bochs', 'video_cirrus']
EFI_MODULES = ['part_gpt', 'part_msdos', 'fat', 'efi_gop', 'efi_uga', 'video_bochs', 'video_cirrus']

# Firmware of 32 bits on a 64-bit CPU, as in many a tablet and the first Intel Macs, starts the second.
EFI_PROGRAMS = {'x86_64-efi': 'BOOTX64.EFI', 'i386-efi': 'BOOTIA32.EFI'}

DEFAULT_GFXMODE = '1024x768x32,1024x768,auto'


def program(*names):
    """The first of @names that is installed: Fedora and openSUSE say grub2-mkimage."""
    for name in names:
        path = shutil.which(name) or shutil.which(name, path='/usr/sbin:/sbin')
        if path:
            return path
    sys.exit(f'iso.py: no {" or ".join(names)} on this machine')


def grub_folder(platform):
    """Where GRUB's modules for @platform are; ASHLAR_GRUB names a folder with one folder a platform."""
    places = [os.environ.get('ASHLAR_GRUB'), '/usr/lib/grub', '/usr/share/grub', '/usr/share/grub2']
    for place in filter(None, places):
        folder = pathlib.Path(place) / platform
        if (folder / 'moddep.lst').exists():
            return folder
    sys.exit(f"iso.py: GRUB's modules for {platform} are not installed")


def run(*command, env=None):
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f'iso.py: {" ".join(map(str, command))}\n{done.stdout}')


def grub_words(cmdline):
    """@cmdline in GRUB's script language. GRUB removes these quotes, and puts double ones around each
    whole word that holds a blank: the kernel sees "run=test; exit"."""
    return ' '.join(shlex.quote(word) for word in shlex.split(cmdline))


def make_grub_cfg(template, cmdline, gfxmode, modules):
    """The menu with its blanks filled in; @modules is a list of (name, arguments)."""
    lines = []
    for line in template.read_text().splitlines():
        if line.strip() == '@MODULES@':
            lines += [f'    module2 /boot/{name} {arguments}'.rstrip() for name, arguments in modules]
        elif line.startswith('#'):
            lines.append(line)
        else:
            lines.append(line.replace('@CMDLINE@', cmdline).replace('@GFXMODE@', gfxmode).rstrip())
    return '\n'.join(lines) + '\n'


class Medium:
    """The ISO's tree in a scratch folder, and the steps that make it."""

    def __init__(self, scratch, epoch, grub_modules=()):
        self.grub_modules = grub_modules
        self.scratch = pathlib.Path(scratch)
        self.tree = self.scratch / 'tree'
        (self.tree / 'boot/grub').mkdir(parents=True)
        self.epoch = epoch
        time = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
        self.volume_date = time.strftime('%Y%m%d%H%M%S00')
        # GRUB's name for an ISO 9660 volume is its modification date.
        self.volume_uuid = time.strftime('%Y-%m-%d-%H-%M-%S-00')
        # mtools and xorriso derive their times and serial numbers from it; TZ because FAT keeps local time.
        self.env = dict(os.environ, SOURCE_DATE_EPOCH=str(epoch), TZ='UTC', LC_ALL='C', MTOOLS_SKIP_CHECK='1')

    def add(self, source, name):
        target = self.tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def add_text(self, text, name):
        (self.tree / name).write_text(text)

    def make_core(self, platform, image_format, modules, output):
        """A GRUB that finds its own volume, from any drive."""
        config = self.scratch / f'{platform}.cfg'
        config.write_text(f'search.fs_uuid {self.volume_uuid} root\nset prefix=($root)/boot/grub\n')
        run(
            program('grub-mkimage', 'grub2-mkimage'),
            '-d',
            grub_folder(platform),
            '-O',
            image_format,
            '-p',
            '/boot/grub',
            '-c',
            config,
            '-o',
            output,
            *COMMON_MODULES,
            *modules,
            *self.grub_modules,
        )

    def make_bios_core(self):
        self.make_core('i386-pc', 'i386-pc-eltorito', BIOS_MODULES, self.tree / 'boot/grub/bios.img')

    def make_efi_image(self):
        """A FAT image with EFI/BOOT/BOOTX64.EFI and BOOTIA32.EFI, as firmware requires it in the El Torito catalogue."""
        cores = []
        for platform, name in EFI_PROGRAMS.items():
            core = self.scratch / name
            self.make_core(platform, platform, EFI_MODULES, core)
            os.utime(core, (self.epoch, self.epoch))
            cores.append(core)
        image = self.tree / 'boot/grub/efi.img'
        # The files in clusters of 4 sectors, two FATs, a root directory and two folders; in whole tracks of 32 sectors.
        sectors = (sum(core.stat().st_size // 2048 * 4 + 4 for core in cores) + 128 + 31) // 32 * 32
        with open(image, 'wb') as empty:
            empty.truncate(sectors * 512)
        serial = format(self.epoch & 0xFFFFFFFF, '08x')
        for command in (
            [
                'mformat',
                '-i',
                image,
                '-T',
                sectors,
                '-h',
                1,
                '-s',
                32,
                '-c',
                4,
                '-N',
                serial,
                '-v',
                'ASHLAR',
                '::',
            ],
            ['mmd', '-i', image, '::/EFI', '::/EFI/BOOT'],
            *(['mcopy', '-m', '-i', image, core, f'::/EFI/BOOT/{core.name}'] for core in cores),
        ):
            run(program(command[0]), *command[1:], env=self.env)

    def write(self, output):
        for path in [*self.tree.rglob('*'), self.tree]:
            os.chmod(path, 0o755 if path.is_dir() else 0o644)
            os.utime(path, (self.epoch, self.epoch))
        run(
            program('xorriso'),
            '-as',
            'mkisofs',
            '-quiet',
            '-o',
            output,
            '-V',
            'ASHLAR',
            '-r',
            '-uid',
            0,
            '-gid',
            0,
            f'--modification-date={self.volume_date}',
            # The first El Torito entry, for BIOS; from a USB stick, the boot sector loads the same file.
            '-b',
            'boot/grub/bios.img',
            '-c',
            'boot/grub/boot.cat',
            '-no-emul-boot',
            '-boot-load-size',
            4,
            '-boot-info-table',
            '--grub2-boot-info',
            '--grub2-mbr',
            grub_folder('i386-pc') / 'boot_hybrid.img',
            # The second, for UEFI; also a partition, which UEFI searches for on a USB stick.
            '-eltorito-alt-boot',
            '-e',
            'boot/grub/efi.img',
            '-no-emul-boot',
            '-efi-boot-part',
            '--efi-boot-image',
            '--protective-msdos-label',
            self.tree,
            env=self.env,
        )


def check_boot_images(iso):
    """Refuses an ISO whose El Torito catalogue lacks BIOS or UEFI: it would be only a data disk."""
    report = subprocess.run(
        [program('xorriso'), '-indev', str(iso), '-report_el_torito', 'plain'],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    ).stdout
    for platform in ('BIOS', 'UEFI'):
        lines = [line.split() for line in report.splitlines() if line.startswith('El Torito boot img')]
        if not any(platform in words and 'y' in words for words in lines):
            iso.unlink()
            sys.exit(f'iso.py: the ISO has no El Torito image for {platform}; not kept')


def read_epoch(text):
    path = pathlib.Path(text)
    return int((path.read_text() if path.exists() else text).strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('output', type=pathlib.Path)
    parser.add_argument('--elf', type=pathlib.Path, required=True, help='the image that GRUB loads')
    parser.add_argument('--grub-cfg', type=pathlib.Path, required=True)
    parser.add_argument(
        '--epoch', type=read_epoch, required=True, help='seconds since 1970, or a file that holds them'
    )
    parser.add_argument('--cmdline', default='', help="the kernel's command line")
    parser.add_argument(
        '--gfxmode', default=DEFAULT_GFXMODE, help='video mode asked for, as in GRUB: WxHxDEPTH or text'
    )
    parser.add_argument(
        '--module',
        action='append',
        default=[],
        metavar='FILE[:ARGUMENTS]',
        help='a file to load beside the kernel, with its own arguments',
    )
    parser.add_argument(
        '--file',
        action='append',
        default=[],
        metavar='FILE',
        help='a file to put into /boot beside the kernel, for a menu that names it',
    )
    parser.add_argument(
        '--grub-module',
        action='append',
        default=[],
        metavar='NAME',
        help="one of GRUB's that its menu needs besides",
    )
    options = parser.parse_args()

    modules = []
    with tempfile.TemporaryDirectory(prefix='ashlar-iso-') as scratch:
        # FAT has no time before 1980.
        medium = Medium(scratch, max(options.epoch, 315532800), options.grub_module)
        medium.add(options.elf, 'boot/ashlar.elf')
        for module in options.module:
            path, _, arguments = module.partition(':')
            name = pathlib.Path(path).name
            medium.add(path, f'boot/{name}')
            modules.append((name, arguments))
        for path in options.file:
            medium.add(path, f'boot/{pathlib.Path(path).name}')
        menu = make_grub_cfg(options.grub_cfg, grub_words(options.cmdline), options.gfxmode, modules)
        medium.add_text(menu, 'boot/grub/grub.cfg')
        medium.make_bios_core()
        medium.make_efi_image()
        # Written under another name and renamed, so that the final name is never half an ISO.
        unfinished = options.output.with_suffix('.unfinished')
        medium.write(unfinished)
        check_boot_images(unfinished)
        os.replace(unfinished, options.output)


if __name__ == '__main__':
    main()
