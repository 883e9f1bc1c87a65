# SPDX-License-Identifier: BSD-2-Clause
"""A Linux whose init loads the image with `kexec -t multiboot2-x86` and starts it: a second Multiboot2 loader.

The kernel is Debian's for clouds; it and kexec-tools are downloaded and never installed (kexec-tools would
change how the build machine reboots).
"""
import gzip
import os
import pathlib
import re
import shutil
import subprocess

from ashlar import Failure, linux
from ashlar.command import output_of

PACKAGE = 'linux-image-cloud-amd64'

# kexec puts the image's file name in front of the command line by itself.
INIT = r'''
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static char options[2048] = "--command-line=@CMDLINE@";

static void add_rsdp(void)
{
    char line[256];
    FILE *systab = fopen("/sys/firmware/efi/systab", "r");
    while (systab && fgets(line, sizeof(line), systab))
        if (strncmp(line, "ACPI20=", 7) == 0) {
            line[strcspn(line, "\n")] = 0;
            strcat(strcat(options, " acpi_rsdp="), line + 7);
        }
}

static void run(char **words)
{
    int status;
    if (fork() == 0)
        _exit(execv(words[0], words));
    wait(&status);
}

int main(void)
{
    mount("proc", "/proc", "proc", 0, "");
    mount("sysfs", "/sys", "sysfs", 0, "");
    if (@HAS_RSDP@)
        add_rsdp();
    run((char *[]){ "/sbin/kexec", "-l", "-t", "multiboot2-x86", "/ashlar.elf", options, NULL });
    run((char *[]){ "/sbin/kexec", "-e", NULL });
    puts("kexec: did not start it");
    for (;;)
        pause();
}
'''


def depends(package, pattern):
    return re.findall(rf'Depends: ({pattern})', output_of('apt-cache', 'depends', package))


def fetch(folder):
    """The kernel's file, and the folder with kexec-tools and the libraries of Xen's that it is linked with."""
    if not shutil.which('apt-get'):
        raise Failure("Debian's kernel and kexec-tools come by apt-get")
    found = depends(PACKAGE, r'linux-image-\S+')
    if not found:
        raise Failure(f'apt-cache knows no {PACKAGE}')
    packages = ['kexec-tools']
    for package in packages:  # which grows
        packages += [name for name in depends(package, r'libxen\S+') if name not in packages]
    linux.fetch_packages(folder / found[0], found[:1])
    linux.fetch_packages(folder / 'kexec-tools', packages)
    return next((folder / found[0]).glob('boot/vmlinuz-*')), folder / 'kexec-tools'


def libraries(tools, program):
    folders = {str(path.parent) for path in tools.rglob('*.so*')}
    listing = subprocess.run(
        ['ldd', str(program)],
        env={**os.environ, 'LD_LIBRARY_PATH': ':'.join(folders)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    if 'not found' in listing:
        raise Failure(f'{program.name}: {listing}')
    return [pathlib.Path(path) for path in re.findall(r'(/\S+\.so\S*) \(', listing)]


def make_initrd(folder, tools, image, cmdline, has_rsdp):
    """An archive with init, kexec and the libraries that it names, and the image. @tools: from fetch()."""
    kexec = next(tools.rglob('sbin/kexec'))
    root = folder / 'initrd.d'
    for name in ('proc', 'sys', 'dev', 'sbin'):
        (root / name).mkdir(parents=True)
    source = folder / 'init.c'
    text = cmdline.replace('\\', '\\\\').replace('"', '\\"')
    source.write_text(INIT.replace('@CMDLINE@', text).replace('@HAS_RSDP@', str(int(has_rsdp))))
    output_of('gcc', '-O1', '-static', '-o', root / 'init', source)
    shutil.copy(kexec, root / 'sbin/kexec')
    shutil.copy(image, root / 'ashlar.elf')
    # Where the loader of Debian's programs searches; the loader itself is elsewhere.
    for library in libraries(tools, kexec):
        target = (
            root / ('lib64' if library.name.startswith('ld-linux') else 'lib/x86_64-linux-gnu') / library.name
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    names = '\n'.join(sorted(str(path.relative_to(root)) for path in root.rglob('*')))
    archive = subprocess.run(
        ['cpio', '--quiet', '-o', '-H', 'newc'],
        input=names.encode(),
        stdout=subprocess.PIPE,
        cwd=root,
        check=True,
    ).stdout
    initrd = folder / 'initrd.gz'
    initrd.write_bytes(gzip.compress(archive, 1))
    return pathlib.Path(initrd)
