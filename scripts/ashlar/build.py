# SPDX-License-Identifier: BSD-2-Clause
"""Configures and compiles one variant of the tree.

build/ belongs to the person: it is configured once, with defaults, and afterwards whatever options
were given to it by hand are kept. Tests and benchmarks have build folders of their own.
"""
import platform
import shutil
import subprocess
import sys

from ashlar import ROOT, Failure

ELF = 'stub32/ashlar.elf'
ISO = 'iso/ashlar.iso'
KERNEL64 = 'kernel64/kernel64'


def ninja():
    for name in ('ninja', 'ninja-build'):
        if shutil.which(name):
            return name
    raise Failure('no ninja on this machine; scripts/setup names what else is missing')


def cross_files(compiler='gcc'):
    """The cross files for the compiler that this machine has."""
    if compiler == 'clang':
        names = ['x86_64-linux-gnu', 'clang']
    elif shutil.which('x86_64-linux-gnu-gcc'):
        names = ['x86_64-linux-gnu']
    elif shutil.which('x86_64-elf-gcc'):
        names = ['x86_64-elf']
    elif platform.machine() == 'x86_64':
        names = ['x86_64-native']
    else:
        raise Failure('no x86_64-linux-gnu-gcc and no x86_64-elf-gcc on this machine')
    return [str(ROOT / 'cross' / f'{name}.ini') for name in names]


class Build:
    """One build folder: @name under build/, or build/ itself; @options are Meson's."""

    def __init__(self, name=None, compiler='gcc', **options):
        self.folder = ROOT / 'build' if name is None else ROOT / f'build-{name}'
        self.compiler = compiler
        self.options = options

    def path(self, target):
        return self.folder / target

    @property
    def elf(self):
        return self.path(ELF)

    @property
    def iso(self):
        return self.path(ISO)

    def configure(self):
        if (self.folder / 'build.ninja').exists():
            return
        command = ['meson', 'setup', str(self.folder), str(ROOT)]
        for cross_file in cross_files(self.compiler):
            command += ['--cross-file', cross_file]
        command += [f'-D{key}={value}' for key, value in self.options.items()]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, cwd=ROOT)
        if done.returncode != 0:
            raise Failure(f'meson setup failed:\n{done.stdout}')

    def compile(self, *targets):
        """Brings @targets up to date; warnings and errors go to standard error."""
        self.configure()
        process = subprocess.Popen([ninja(), '-C', str(self.folder), '--quiet', *targets], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in process.stdout:
            if line != 'ninja: no work to do.\n':
                sys.stderr.write(line)
        if process.wait() != 0:
            raise Failure(f'the build in {self.folder.relative_to(ROOT)} failed')
