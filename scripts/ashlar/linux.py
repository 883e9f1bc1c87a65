# SPDX-License-Identifier: BSD-2-Clause
"""The peer in benchmarks: Debian's own kernel, with an initramfs that loads a module, if any, and prints one line.

Packages are downloaded and unpacked into a folder of the build, and never installed.
"""
import dataclasses
import pathlib
import re
import shutil
import subprocess

from ashlar import Failure, progress
from ashlar.command import output_of

CMDLINE = 'console=ttyS0 quiet'
READY = b'The prompt would be here.'

# The whole of user space: a module is loaded, a line written, then nothing.
INIT = (
    '''
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void)
{
    static const char words[] = "%s\\n";
    long module = call(2, (long)"/module.ko", 0, 0); /* open */
    if (module >= 0)
        call(313, module, (long)"", 0); /* finit_module */
    call(1, 1, (long)words, sizeof(words) - 1); /* write */
    for (;;)
        call(34, 0, 0, 0); /* pause */
}
'''
    % READY.decode()
)

GRUB_CFG = f'''set timeout=0
insmod all_video
menuentry "Linux" {{
    set gfxpayload=1024x768x32,auto
    linux /boot/ashlar.elf {CMDLINE}
    initrd /boot/initrd
}}
'''


@dataclasses.dataclass
class Peer:
    name: str
    kernel: pathlib.Path
    initrd: pathlib.Path
    iso: pathlib.Path

    @property
    def kernel_words(self):
        return ('-initrd', str(self.initrd))


def package_name():
    """What linux-image-amd64, which is empty itself, depends on today."""
    if not shutil.which('apt-get'):
        raise Failure("Debian's kernel comes by apt-get; without it, use --no-peer")
    found = re.search(r'Depends: (linux-image-\S+)', output_of('apt-cache', 'depends', 'linux-image-amd64'))
    if not found:
        raise Failure('apt-cache knows no linux-image-amd64; try apt-get update, or --no-peer')
    return found[1]


def make_initrd(folder, module=None):
    """A cpio archive with /init in it, and the module; /dev/console is in the kernel's own."""
    root = folder / 'initrd.d'
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    source = folder / 'init.c'
    source.write_text(INIT)
    output_of(
        'gcc',
        '-O1',
        '-static',
        '-nostdlib',
        '-ffreestanding',
        '-fno-stack-protector',
        '-o',
        root / 'init',
        source,
    )
    if module:
        shutil.copy(module, root / 'module.ko')
    initrd = folder / ('initrd-module' if module else 'initrd')
    with open(initrd, 'wb') as output:
        subprocess.run(
            ['cpio', '--quiet', '-o', '-H', 'newc'],
            input=b'init\nmodule.ko\n' if module else b'init\n',
            stdout=output,
            cwd=root,
            check=True,
        )
    return initrd


def fetch_packages(folder, packages):
    """Unpacks into @folder what was not unpacked there before."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not list(folder.glob(f'{package}_*.deb'))]
    if missing:
        with progress.step(f'downloading {" ".join(missing)}', about=60):
            output_of('apt-get', 'download', *missing, cwd=folder)
    for package in missing:
        output_of('dpkg-deb', '-x', next(folder.glob(f'{package}_*.deb')), folder)


def fetch_kernel(folder):
    """Debian's kernel below @folder."""
    package = package_name()
    folder = folder / package
    fetch_packages(folder, [package])
    return next(folder.glob('boot/vmlinuz-*'))


def build_module(folder, source):
    """The module whose source and Makefile are in @source, for the kernel that fetch_kernel() gave @folder."""
    headers = package_name().replace('linux-image', 'linux-headers')
    folder = folder / headers
    depends = re.findall(r'Depends: (linux-\S+)', output_of('apt-cache', 'depends', headers))
    fetch_packages(folder, [headers, *depends])
    tree = folder / 'usr/src' / headers
    # Debian's leads to an absolute path, where nothing is installed.
    common = next(folder.glob('usr/src/linux-headers-*-common'))
    (tree / 'Makefile').write_text(f'include {common}/Makefile\n')
    work = folder / 'module'
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work)
    output_of('make', '-C', tree, f'M={work}', 'modules')
    return next(work.glob('*.ko'))


def fetch(folder, variant):
    """The peer, downloaded when @folder does not hold it yet. @variant: whose ISO maker is used."""
    kernel = fetch_kernel(folder)
    folder = kernel.parent.parent
    initrd = make_initrd(folder)
    menu = folder / 'grub.cfg'
    menu.write_text(GRUB_CFG)
    iso = variant.make_iso(
        folder / 'linux.iso', elf=kernel, grub_cfg=menu, modules=[initrd], grub_modules=['linux']
    )
    return Peer(f'Linux {kernel.name.removeprefix("vmlinuz-")}', kernel, initrd, iso)
