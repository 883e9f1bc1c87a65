# SPDX-License-Identifier: BSD-2-Clause
"""Machines under a real KVM, also on a host that has none.

Debian's kernel boots under QEMU's TCG, which emulates AMD's nested SVM; it loads kvm-amd, and QEMU runs inside with
-accel kvm, one machine after the other. Their serial ports are the outer one's, between two lines of ours:

    kvm-lane: begin NUMBER
    ...
    kvm-lane: end NUMBER, status STATUS

What is needed is downloaded and unpacked, and never installed: the kernel and its modules. busybox-static is the whole
of user space; QEMU is the one that runs outside, with its libraries. A machine without output for SILENCE_SECONDS
is hung; the lane then begins again with the next one. What the budget leaves no time for is named.
"""
import dataclasses
import pathlib
import re
import shlex
import shutil
import subprocess
import tomllib

from ashlar import ROOT, Failure, debian, linux, qemu10, stream
from ashlar.command import output_of
from ashlar.machine import DEBUG_EXIT_PORT, QEMU_STATUS, qemu_program
from ashlar.timeout import Timeout
from ashlar.serial_text import text_of

MACHINES = ROOT / 'tests/kvm/machines.toml'
FOLDER = ROOT / 'build-test/kvm'
# A page table walk of the inner machine is one of the outer's, emulated: all is some fifty times slower than KVM.
SILENCE_SECONDS = 240
# Boots of the outer machine without output from a machine inside.
TRIES = 2
NEXT_RELEASE = 'trixie'
# lpj: counting loops under emulation takes a second, and is wrong. On a busy host the timer's first interrupts are late.
LINUX_OPTIONS = 'quiet panic=-1 lpj=4000000 no_timer_check'

MODULES = ('virt/lib/irqbypass', 'drivers/crypto/ccp/ccp', 'arch/x86/kvm/kvm', 'arch/x86/kvm/kvm-amd')
FIRMWARE = ('/usr/share/seabios/*.bin', '/usr/share/qemu/*.bin', '/usr/share/qemu/*.rom')

INIT = '''#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
for module in {modules}; do insmod /modules/$module.ko || echo "kvm-lane: no $module"; done
export TSC_HZ=$(dmesg | sed -n 's/.*tsc: Detected \\([0-9]*\\)[.]\\([0-9]*\\) MHz.*/\\1\\2000/p' | head -n 1)
for job in $(ls /jobs); do
    echo; echo "kvm-lane: begin $job"
    sh /jobs/$job </dev/null; status=$?
    echo; echo "kvm-lane: end $job, status $status"
done
poweroff -f
'''


@dataclasses.dataclass
class KvmMachine:
    name: str
    qemu: str
    run: str
    why: str = ''
    cmdline: str = ''
    wants: tuple = ()
    quick: bool = False
    newer: bool = False

    def command(self):
        words = shlex.split(self.qemu)
        machine = [] if '-machine' in words else ['-machine', 'q35']
        cmdline = f'run="{self.run}; exit" debugexit={DEBUG_EXIT_PORT:#x} {self.cmdline}'.strip()
        command = shlex.join(
            [
                'qemu-system-x86_64',
                '-L',
                '/firmware',
                '-no-user-config',
                '-nodefaults',
                *machine,
                '-accel',
                'kvm',
                '-m',
                '256M',
                '-display',
                'none',
                '-serial',
                'stdio',
                '-vga',
                'none',
                '-no-reboot',
                '-device',
                f'isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4',
                *words,
                '-kernel',
                '/ashlar.elf',
                '-append',
                cmdline,
            ]
        )
        return command.replace('TSC_HZ', '"$TSC_HZ"')


@dataclasses.dataclass
class Result:
    machine: KvmMachine
    status: str  # pass, fail, skip
    words: str = ''


def read_machines(path=MACHINES, kind=KvmMachine):
    return [kind(**row) for row in tomllib.loads(path.read_text())['machine']]


# ---- the outer machine ----


def fetch_kernel(folder, newer):
    """Debian's kernel, and the folder that its modules are in."""
    if newer:
        with debian.locked(folder / NEXT_RELEASE):
            if not (folder / NEXT_RELEASE / 'root').exists():
                debian.unpack(folder / NEXT_RELEASE, NEXT_RELEASE, ['linux-image-amd64'])
        kernel = next((folder / NEXT_RELEASE / 'root/boot').glob('vmlinuz-*'))
    else:
        kernel = linux.fetch_kernel(folder)
    root = kernel.parent.parent
    modules = next(path for path in (root / 'lib/modules', root / 'usr/lib/modules') if path.exists())
    return kernel, next(modules.iterdir()) / 'kernel'


def copy_program(root, program):
    """@program and the libraries that it names, at the paths where it searches."""
    (root / 'bin').mkdir(exist_ok=True)
    shutil.copy(program, root / 'bin' / pathlib.Path(program).name)
    for library in set(re.findall(r'(/\S+) \(0x', output_of('ldd', program))):
        target = root / library.lstrip('/')
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)


def copy_module(modules, name, root):
    """Newer releases compress them."""
    found = list(modules.glob(f'{name}.ko*'))
    if not found:
        return  # built in, or merged with another one
    target = root / 'modules' / f'{pathlib.Path(name).name}.ko'
    if found[0].suffix == '.xz':
        with open(target, 'wb') as output:
            subprocess.run(['xz', '-dc', str(found[0])], stdout=output, check=True)
    else:
        shutil.copy(found[0], target)


def make_folders(root, more):
    """An empty initramfs, with busybox in it."""
    busybox = shutil.which('busybox')
    if not busybox or not shutil.which('cpio'):
        raise Failure('no busybox or no cpio on this machine: scripts/setup kvm')
    shutil.rmtree(root, ignore_errors=True)
    for name in ('bin', 'proc', 'sys', 'dev', 'tmp', 'modules', 'jobs', *more):
        (root / name).mkdir(parents=True)
    shutil.copy(busybox, root / 'bin/busybox')


def write_init(root, text):
    (root / 'init').write_text(text)
    (root / 'init').chmod(0o755)


def make_root(root, modules, qemu, share):
    """The part of the initramfs that stays."""
    make_folders(root, ('firmware',))
    copy_program(root, qemu)
    for name in MODULES:
        copy_module(modules, name, root)
    patterns = [f'{share}/{folder}/*' for folder in ('qemu', 'seabios')] if share else FIRMWARE
    for pattern in patterns:
        for path in pathlib.Path('/').glob(pattern.lstrip('/')):
            if path.suffix in ('.bin', '.rom') and path.stat().st_size < 1 << 20:
                shutil.copy(path, root / 'firmware')
    write_init(root, INIT.format(modules=' '.join(pathlib.Path(name).name for name in MODULES)))


def make_initrd(root, elf, machines):
    shutil.copy(elf, root / 'ashlar.elf')
    shutil.rmtree(root / 'jobs')
    (root / 'jobs').mkdir()
    for number, machine in machines:
        (root / f'jobs/{number:03}').write_text(machine.command() + '\n')
    files = '\n'.join(str(path.relative_to(root)) for path in sorted(root.rglob('*')))
    initrd = root.parent / f'{root.name}.cpio'
    with open(initrd, 'wb') as output:
        subprocess.run(
            ['cpio', '--quiet', '-o', '-H', 'newc'], input=files.encode(), stdout=output, cwd=root, check=True
        )
    return initrd


def outer_command(qemu, options, log, boot):
    """The emulated host: two CPUs, a serial port that writes to @log, and no device that the lane does not need."""
    return [
        str(qemu),
        *options,
        '-accel',
        'tcg,thread=multi',
        '-smp',
        '2',
        '-m',
        '3G',
        '-display',
        'none',
        '-vga',
        'none',
        '-nic',
        'none',
        '-serial',
        f'file:{log}',
        '-no-reboot',
        *boot,
    ]


# ---- judging ----


def segments(text):
    """The output of each machine: number -> (text, exit status or None when it has not ended)."""
    found = {}
    for match in re.finditer(
        r'^kvm-lane: begin (\d+)\n(.*?)(?:^kvm-lane: end \1, status (\d+)$|\Z)',
        text,
        re.MULTILINE | re.DOTALL,
    ):
        found[int(match[1])] = (match[2], int(match[3]) if match[3] else None)
    return found


def judge(machine, text, status):
    """@status: QEMU's; None where it is unknown."""
    log = stream.Stream(text)
    verdict = log.verdict()
    complaints = [*log.complaints, *(f'failed: {name}' for name in log.failed_tests())]
    complaints += [
        f'no line has {want}'
        for want in machine.wants
        if not any(re.search(want, line) for line in log.lines)
    ]
    if status is not None and QEMU_STATUS.get(status) != verdict:
        complaints.append(f"QEMU's status {status} does not say {verdict}")
    if verdict == stream.PASS and not complaints:
        return Result(machine, 'pass')
    words = [f'verdict: {verdict}', *complaints, f'last line: {log.last_line}', '', text[-3000:]]
    return Result(machine, 'fail', '\n'.join(words))


def judge_cut(machine, text, why, status):
    """A machine that did not run to its end: a failure in its output still counts."""
    log = stream.Stream(text)
    failed = [*log.failed_tests(), *(['a panic'] if log.verdict() == stream.PANIC else [])]
    done = f'{log.count("pass")} tests passed before'
    if failed:
        return Result(machine, 'fail', f'{why}; failed: {", ".join(failed)}\n{text[-3000:]}')
    return Result(machine, status, f'{why}; {done}; last line: {log.last_line}')


# ---- the lane ----


class Lane:
    def __init__(self, variant, newer=False, folder=FOLDER):
        """@variant: the build whose kernel the machines boot."""
        self.variant = variant
        folder.mkdir(parents=True, exist_ok=True)
        self.newer = newer
        self.folder = folder

    def _prepare(self, folder, newer):
        self.kernel, modules = fetch_kernel(folder, newer)
        self.qemu, self.needs = qemu10.find() if newer else (qemu_program(), ())
        self.root = folder / ('root-newer' if newer else 'root')
        make_root(self.root, modules, self.qemu, pathlib.Path(self.needs[1]).parent if self.needs else None)

    def _command(self, initrd, log):
        boot = [
            '-kernel',
            str(self.kernel),
            '-initrd',
            str(initrd),
            '-append',
            f'console=ttyS0 {LINUX_OPTIONS}',
        ]
        return outer_command(self.qemu, [*self.needs, '-cpu', 'max'], log, boot)

    def _judge(self, machine, text, status):
        return judge(machine, text, status)

    def _run(self, machines, budget):
        """One boot of the outer machine. Return: its output, and whether it was hung rather than late."""
        log = self.folder / 'serial.log'
        log.write_bytes(b'')
        initrd = make_initrd(self.root, self.variant.elf, machines)
        silence = Timeout(SILENCE_SECONDS)
        with open(self.folder / 'emulator.log', 'wb') as errors:
            process = subprocess.Popen(
                self._command(initrd, log), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
            )
        is_hung = False
        try:
            while process.poll() is None and not budget.has_expired(None) and not is_hung:
                try:
                    process.wait(0.5)
                except subprocess.TimeoutExpired:
                    is_hung = silence.has_expired(log.stat().st_size)
        finally:
            process.kill()
            process.wait()
        return text_of(log.read_bytes()), is_hung

    def run(self, machines, budget_seconds):
        """Yields a Result for each machine, in order. @budget_seconds: of real time."""
        with debian.locked(self.folder / 'lane'):  # the log, the initramfs
            self._prepare(self.folder, self.newer)
            yield from self._run_all(machines, budget_seconds)

    def _run_all(self, machines, budget_seconds):
        budget = Timeout(budget_seconds, share=lambda: 1.0)
        waiting = list(enumerate(machines))
        vain = 0
        while waiting:
            text, is_hung = self._run(waiting, budget)
            found = segments(text)
            done = [(number, machine) for number, machine in waiting if number in found]
            for number, machine in done:
                said, status = found[number]
                if status is not None:
                    yield self._judge(machine, said, status)
                elif is_hung:
                    yield judge_cut(machine, said, f'it said nothing for {SILENCE_SECONDS} s', 'fail')
                elif not budget.has_expired(None):
                    yield judge_cut(machine, said, 'the outer machine ended', 'fail')
                else:
                    yield judge_cut(machine, said, 'the outer machine is too slow here', 'skip')
            waiting = waiting[len(done) :]
            vain = 0 if done else vain + 1
            if budget.has_expired(None) or vain == TRIES:
                break
        for _, machine in waiting:
            if vain == TRIES:
                yield Result(
                    machine,
                    'fail',
                    f'the outer machine does not come up; last line: {stream.Stream(text).last_line}',
                )
            else:
                yield Result(machine, 'skip', f'not run: the budget of {budget_seconds} s was used up')
