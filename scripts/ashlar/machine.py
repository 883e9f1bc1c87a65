# SPDX-License-Identifier: BSD-2-Clause
"""A machine to boot on, and the emulator's command line for it.

A Machine is a description; qemu_command() makes QEMU's arguments from it. The image (an ELF file or an
ISO) is a separate argument, so that the same machine can boot several builds.
"""
import dataclasses
import os
import pathlib
import re
import shutil

from ashlar import Failure

DEBUG_EXIT_PORT = 0xF4
# What isa-debug-exit makes of the kernel's 0x10, 0x11 and 0x12: (value << 1) | 1.
QEMU_STATUS = {33: 'pass', 35: 'fail', 37: 'panic'}

OVMF_CODE = [
    '/usr/share/OVMF/OVMF_CODE_4M.fd',
    '/usr/share/OVMF/OVMF_CODE.fd',
    '/usr/share/edk2/ovmf/OVMF_CODE.fd',
    '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
    '/usr/share/edk2-ovmf/x64/OVMF_CODE.fd',
    '/usr/share/qemu/edk2-x86_64-code.fd',
    '/usr/share/qemu/ovmf-x86_64-code.bin',
]

# In a folder that --ovmf names: these, and a firmware that has its variables in the same file.
OVMF_NAMES = [*dict.fromkeys(os.path.basename(path) for path in OVMF_CODE), 'OVMF.fd']

UNITS = {'': 1 << 20, 'B': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def parse_size(text):
    """QEMU's sizes in bytes: 512M, 16G, 3.5G; a bare number is MiB."""
    match = re.fullmatch(r'([0-9.]+)([BKMGT]?)(?:i?B)?', text.strip(), re.IGNORECASE)
    if not match:
        raise Failure(f'{text!r} is not a size such as 512M or 16G')
    return int(float(match[1]) * UNITS[match[2].upper()])


@dataclasses.dataclass
class Machine:
    boot: str = 'iso'  # iso, kernel, or none: from a drive that `extra` brings
    firmware: str = 'bios'  # bios, uefi
    emulator: str = 'qemu'  # qemu, bochs
    machine: str = 'q35'  # q35, pc, microvm
    cpu: str = ''  # the emulator's name for a model; '' for the best it has
    smp: str = '1'
    memory: str = '512M'
    cmdline: str = ''
    display: str = 'none'
    accel: str = 'tcg'
    qemu: str = ''  # the program; '' for the one that ASHLAR_QEMU names, or the one in PATH
    ovmf: str = ''  # a file, or a folder with one; '' for the system's
    debug: bool = False  # wait for gdb on port 1234
    debug_exit: bool = True  # leave through the debug-exit port; else by whatever the machine has
    restarts: object = None  # whether a reset starts it again; None: unless a script waits for run=
    extra: tuple = ()  # more arguments for the emulator

    def check(self):
        """Fails with a message for options that exclude each other."""
        if self.boot == 'kernel' and self.firmware == 'uefi':
            raise Failure('QEMU gives -kernel to UEFI only for kernels that are EFI programs; boot an ISO')
        if self.machine == 'microvm' and (self.boot == 'iso' or self.firmware == 'uefi'):
            raise Failure('microvm has no drive to boot an ISO from; use --boot kernel with --firmware bios')
        if self.emulator == 'bochs' and (self.boot == 'kernel' or self.firmware == 'uefi'):
            raise Failure('Bochs boots an ISO, with its BIOS')
        if self.emulator == 'bochs' and self.debug:
            raise Failure("Debian's Bochs has no gdb stub; use QEMU")
        if self.emulator == 'bochs' and self.qemu:
            raise Failure('--qemu goes with --emulator qemu')
        if self.ovmf and self.firmware != 'uefi':
            raise Failure('--ovmf is firmware for UEFI; it does not go with --firmware bios')

    @property
    def may_restart(self):
        """One that restarts under run= would run the same again, and again."""
        return self.restarts if self.restarts is not None else 'run=' not in self.cmdline

    @property
    def memory_bytes(self):
        return parse_size(self.memory)

    @property
    def kernel_cmdline(self):
        """The command line, with the exit method that this emulator offers."""
        words = [self.cmdline] if self.cmdline else []
        if self.emulator == 'qemu' and self.debug_exit:
            words.append(f'debugexit={DEBUG_EXIT_PORT:#x}')
        return ' '.join(words)


def find_ovmf(wanted=''):
    """UEFI firmware for QEMU. @wanted: the file or its folder; '' for the system's."""
    if os.path.isdir(wanted):
        places = [os.path.join(wanted, name) for name in OVMF_NAMES]
        missing = f'--ovmf: no firmware in {wanted}; one of these names is wanted: {" ".join(OVMF_NAMES)}'
    elif wanted:
        places = [wanted]
        missing = f'--ovmf: no such file or folder: {wanted}'
    else:
        places = OVMF_CODE
        missing = (
            'no UEFI firmware for QEMU on this machine; install the package ovmf (edk2-ovmf), or give '
            'the place of OVMF_CODE.fd by --ovmf'
        )
    for path in places:
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise Failure(missing)


def qemu_program(wanted=''):
    """QEMU's path. @wanted: a name in PATH or a path; '' for the one that ASHLAR_QEMU names, or the one in PATH."""
    given = wanted or os.environ.get('ASHLAR_QEMU', '')
    program = shutil.which(given or 'qemu-system-x86_64')
    if program:
        return os.path.abspath(program)
    if given:
        raise Failure(f'{"--qemu" if wanted else "ASHLAR_QEMU"}: no such program: {given}')
    raise Failure(
        'no qemu-system-x86_64 on this machine; install the package qemu-system-x86, or give the place of a '
        'QEMU by --qemu'
    )


def _machine_words(machine):
    words = [machine.machine]
    if machine.machine == 'microvm':
        # QEMU would append one option for each virtio slot.
        words += ['auto-kernel-cmdline=off', 'isa-serial=on']
    # Sparse: a guest of 16 TiB takes from the host only what it touches. NUMA nodes have their own.
    if '-numa' not in machine.extra:
        words.append('memory-backend=ram')
    return ','.join(words)


def _cpu_words(machine):
    cpu = machine.cpu or ('host' if machine.accel == 'kvm' else 'max')
    # TCG's CPUs address 1 TiB by default.
    if machine.memory_bytes >= 1 << 40 and 'phys-bits' not in cpu:
        cpu += ',phys-bits=46'
    return cpu


def in_option(text):
    """@text as a value in one of QEMU's lists of options, whose separator is a comma."""
    return str(text).replace(',', ',,')


def qemu_command(machine, image, serial_log='serial.log', interactive=True, qmp=None):
    """QEMU's command line.

    @image:       the ELF file for boot=kernel, the ISO for boot=iso.
    @serial_log:  file that QEMU copies the serial port to; the port itself is standard input and output.
    @interactive: for a user at the terminal: Ctrl-A is QEMU's key, Ctrl-A X leaves.
    @qmp:         path of the socket to control QEMU by.
    """
    machine.check()
    serial = f'stdio,id=com1,logfile={in_option(serial_log)},signal=off' + (',mux=on' if interactive else '')
    command = [
        qemu_program(machine.qemu),
        '-no-user-config',
        '-nodefaults',
        '-machine',
        _machine_words(machine),
        '-accel',
        machine.accel,
        '-cpu',
        _cpu_words(machine),
        '-smp',
        machine.smp,
        '-m',
        f'{machine.memory_bytes >> 20}M',
        '-object',
        f'memory-backend-ram,id=ram,size={machine.memory_bytes >> 20}M,reserve=off',
        '-display',
        machine.display,
        '-chardev',
        serial,
        '-serial',
        'chardev:com1',
    ]
    if interactive:
        command += ['-mon', 'chardev=com1']
    if machine.machine != 'microvm':
        command += ['-vga', 'std']
    if machine.debug_exit:
        command += ['-device', f'isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4']
    if machine.firmware == 'uefi':
        firmware = in_option(find_ovmf(machine.ovmf))
        command += ['-drive', f'if=pflash,unit=0,format=raw,readonly=on,file={firmware}']
    if machine.boot == 'kernel':
        command += ['-kernel', str(image), '-append', machine.kernel_cmdline]
    else:
        if machine.boot == 'iso':
            command += ['-cdrom', str(image)]
        if machine.kernel_cmdline:
            command += ['-fw_cfg', f'name=opt/org.ashlar/cmdline,string={in_option(machine.kernel_cmdline)}']
    if not machine.may_restart:
        command.append('-no-reboot')
    if machine.debug:
        command += ['-s', '-S']
    if qmp:
        command += ['-qmp', f'unix:{qmp},server=on,wait=off']
    return command + [str(word) for word in machine.extra]


def emulator_log_folder(build_folder):
    """The folder for a run's output; made if need be."""
    folder = pathlib.Path(build_folder) / 'run'
    folder.mkdir(parents=True, exist_ok=True)
    return folder
