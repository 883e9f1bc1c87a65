# SPDX-License-Identifier: BSD-2-Clause
"""Configures and compiles one variant of the tree.

build/ is the user's: it is configured once, with defaults, and options that were set by hand later are
kept. Tests and benchmarks build their variants below build-test/.
"""
import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys

from ashlar import ROOT, Failure, progress

ELF = 'stub32/ashlar.elf'
ISO = 'iso/ashlar.iso'
# With a menu of a boot's own.
OWN_ISO = 'own.iso'
FIRST_BUILD_SECONDS = 60
NINJA_EDGE = re.compile(r'\[(\d+)/(\d+)\] ')
NINJA_NOISE = ('ninja: no work to do.', 'ninja: Entering directory')


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
    """One build folder; @options are Meson's and count when the folder is new."""

    def __init__(self, folder=ROOT / 'build', compiler='gcc', **options):
        self.folder = folder
        self.compiler = compiler
        self.options = options

    def path(self, target):
        return self.folder / target

    @property
    def name(self):
        """Of its folder, as a user of the tree names it."""
        return os.path.relpath(self.folder, ROOT)

    @property
    def elf(self):
        return self.path(ELF)

    @property
    def iso(self):
        return self.path(ISO)

    @contextlib.contextmanager
    def _lock(self):
        """One process at a time: several test workers may need the same variant."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / '.ashlar-lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def configure(self):
        with self._lock():
            self._configure()

    def _configure(self):
        if (self.folder / 'build.ninja').exists():
            return
        command = ['meson', 'setup', str(self.folder), str(ROOT)]
        for cross_file in cross_files(self.compiler):
            command += ['--cross-file', cross_file]
        command += [f'-D{key}={value}' for key, value in self.options.items()]
        with progress.step(f'configuring {self.name}', about=10):
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=ROOT,
            )
        if done.returncode != 0:
            raise Failure(f'meson setup failed; scripts/setup names what this machine lacks:\n{done.stdout}')

    def compile(self, *targets):
        """Brings @targets up to date; warnings and errors go to standard error."""
        with self._lock():
            self._configure()
            self._ninja(targets)

    def _ninja(self, targets):
        about = None if (self.folder / '.ninja_log').exists() else FIRST_BUILD_SECONDS
        with progress.step(f'building {self.name}', about) as step:
            process = subprocess.Popen(
                [ninja(), '-C', str(self.folder), *targets],
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(os.environ, NINJA_STATUS='[%f/%t] '),
            )
            for line in process.stdout:
                if match := NINJA_EDGE.match(line):
                    step.at(int(match[1]), int(match[2]))
                elif not line.startswith(NINJA_NOISE):
                    sys.stderr.write(line)
            status = process.wait()
        if status != 0:
            raise Failure(f'the build in {self.name} failed; the reason is above')

    def make_iso(
        self,
        output,
        cmdline='',
        modules=(),
        gfxmode=None,
        grub_cfg=ROOT / 'iso/grub.cfg',
        elf=None,
        grub_modules=(),
        files=(),
    ):
        """An ISO of this build that differs from the one ninja makes: options for the kernel in its menu, ..."""
        self.compile(ISO)
        command = [
            sys.executable,
            str(ROOT / 'scripts/build/iso.py'),
            '--elf',
            str(elf or self.elf),
            '--grub-cfg',
            str(grub_cfg),
            '--epoch',
            str(self.path('iso/commit-time')),
            '--cmdline',
            cmdline,
        ]
        if gfxmode:
            command += ['--gfxmode', gfxmode]
        for module in modules:
            command += ['--module', str(module)]
        for path in files:
            command += ['--file', str(path)]
        for name in grub_modules:
            command += ['--grub-module', name]
        if subprocess.run([*command, str(output)], stdin=subprocess.DEVNULL).returncode != 0:
            raise Failure('the ISO could not be made')
        return output

    def image_for(self, machine, folder, gfxmode=None):
        """What @machine boots, brought up to date; @folder is for what only this boot needs. @gfxmode: the screen
        that an ISO's menu requests."""
        if machine.boot == 'none':
            return None
        image = self.path_for(machine, folder, gfxmode)
        if image in (self.elf, self.iso):
            self.compile(ELF if image == self.elf else ISO)
            return image
        return self.make_iso(image, self._menu_cmdline(machine), gfxmode=gfxmode)

    def path_for(self, machine, folder, gfxmode=None):
        """The name of what image_for() makes."""
        if machine.boot == 'kernel':
            return self.elf
        return folder / OWN_ISO if self._menu_cmdline(machine) or gfxmode else self.iso

    @staticmethod
    def _menu_cmdline(machine):
        """Options that go into the menu: Bochs has no fw_cfg to hand them over by."""
        return machine.cmdline if machine.emulator == 'bochs' else ''


def variant(name):
    """The build that a name such as gcc-O2-checked or clang-Os stands for; its warnings are errors."""
    match = re.fullmatch(r'(gcc|clang)-O([0123s])(-checked)?', name)
    if not match:
        raise Failure(f'{name!r} is not a build such as gcc-O2 or clang-Os-checked')
    compiler, level, checked = match.groups()
    return Build(
        ROOT / 'build-test' / name,
        compiler,
        werror='true',
        optimization=level,
        checked='true' if checked else 'false',
    )
