# SPDX-License-Identifier: BSD-2-Clause
"""Machines under Xen: the KVM lane with Debian's Xen between QEMU and Debian's kernel, which is dom0.

A PVH guest has a local APIC, ACPI tables and port 0xe9, which Xen writes to its own console with "(dN) " before each
line; there is no other device. Nothing takes the verdict from a port: the guest is destroyed when Xen's log has it. Xen cuts long
lines, so these machines print no facts.
"""
import gzip
import pathlib
import re
import shutil

from ashlar import ROOT, kvm_lane, linux
from ashlar.command import output_of
from ashlar.kvm_lane import KvmMachine
from ashlar.machine import qemu_program

PACKAGES = (
    'xen-hypervisor-4.17-amd64',
    'xen-utils-4.17',
    'xenstore-utils',
    'libxencall1',
    'libxenevtchn1',
    'libxenforeignmemory1',
    'libxengnttab1',
    'libxenmisc4.17',
    'libxenstore4',
    'libxentoollog1',
    'libyajl2',
    'libxentoolcore1',
    'libxenhypfs1',
    'libxendevicemodel1',
    'libnl-3-200',
    'libnl-route-3-200',
    'libfdt1',
)
PROGRAMS = ('xl', 'xenstored', 'xenconsoled', 'xen-init-dom0')
MODULES = (
    'drivers/xen/xen-privcmd',
    'drivers/xen/xenfs/xenfs',
    'drivers/xen/xen-evtchn',
    'drivers/xen/xen-gntdev',
    'drivers/xen/xen-gntalloc',
)
# With these, Debian 12's PV kernel does not boot as dom0 under TCG.
OUTER_CPU = 'max,-smap,-smep,-pku,-la57,-umip'
GUEST_LINE = re.compile(r'\(d\d+\) ?')

INIT = '''#!/bin/busybox sh
/bin/busybox --install -s /bin
export LD_LIBRARY_PATH=/lib PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mount -t tmpfs t /tmp
mkdir -p /dev/pts; mount -t devpts x /dev/pts
for module in {modules}; do insmod /modules/$module.ko; done
mount -t xenfs x /proc/xen
xenstored --pid-file=/run/xenstored.pid; sleep 1
xen-init-dom0
xenconsoled --log=none --pid-file=/run/xenconsoled.pid
for job in $(ls /jobs); do
    echo; echo "kvm-lane: begin $job"
    before=$(xl dmesg | grep -c '"type":"verdict"')
    xl create /jobs/$job </dev/null; status=$?
    while xl list | grep -q "^ashlar " && [ $(xl dmesg | grep -c '"type":"verdict"') = $before ]; do sleep 2; done
    sleep 1; xl destroy ashlar 2>/dev/null
    echo; echo "kvm-lane: end $job, status $status"
done
poweroff -f
'''


class XenMachine(KvmMachine):
    def command(self):
        """xl's configuration of the guest."""
        return '\n'.join(
            [
                'name = "ashlar"',
                'kernel = "/ashlar.elf"',
                'memory = 128',
                'on_poweroff = "destroy"',
                'on_reboot = "destroy"',
                'on_crash = "destroy"',
                f"cmdline = 'run=\"{self.run}; exit\" console=debugcon {self.cmdline}'",
                *self.qemu.split(';'),
            ]
        )


class XenLane(kvm_lane.Lane):
    """As kvm_lane.Lane; its machines are XenMachines, whose `qemu` is more of xl's configuration."""

    def _prepare(self, folder, newer):
        self.kernel, modules = kvm_lane.fetch_kernel(folder, newer)
        packages = folder / 'xen'
        linux.fetch_packages(packages, PACKAGES)
        self.hypervisor = folder / 'xen.elf'
        with open(self.hypervisor, 'wb') as output:
            output.write(gzip.decompress(next((packages / 'boot').glob('xen-*.gz')).read_bytes()))
        self.root = folder / 'root-xen'
        self._make_root(self.root, modules, packages)

    @staticmethod
    def _make_root(root, modules, packages):
        kvm_lane.make_folders(
            root,
            ('lib', 'run/xen', 'run/xenstored', 'var/lib/xenstored', 'var/lib/xen', 'var/log/xen', 'etc/xen'),
        )
        (root / 'var/run').symlink_to('/run')
        (root / 'etc/xen/xl.conf').write_text('')
        programs = next(packages.glob('usr/lib/xen-*/bin'))
        own = [packages / 'usr/lib/x86_64-linux-gnu', programs.parent / 'lib/x86_64-linux-gnu']
        libraries = {'/lib/x86_64-linux-gnu/libgcc_s.so.1'}  # glibc looks for it when a thread ends
        for name in PROGRAMS:
            shutil.copy(programs / name, root / 'bin')
            said = output_of('env', f'LD_LIBRARY_PATH={":".join(map(str, own))}', 'ldd', programs / name)
            libraries |= set(re.findall(r'(/\S+) \(0x', said))
        for library in libraries:
            loads = pathlib.Path(library).name.startswith('ld-linux')
            (root / 'lib64').mkdir(exist_ok=True)
            shutil.copy(library, root / ('lib64' if loads else 'lib'))
        for name in MODULES:
            kvm_lane.copy_module(modules, name, root)
        kvm_lane.write_init(root, INIT.format(modules=' '.join(pathlib.Path(name).name for name in MODULES)))

    def _command(self, initrd, log):
        boot = [
            '-kernel',
            str(self.hypervisor),
            '-append',
            'console=com1 com1=115200,8n1 loglvl=error guest_loglvl=all dom0_mem=1G noreboot conring_size=1m',
            '-initrd',
            f'{self.kernel} console=hvc0 {kvm_lane.LINUX_OPTIONS},{initrd}',
        ]
        return kvm_lane.outer_command(qemu_program(), ['-cpu', OUTER_CPU], log, boot)

    def _judge(self, machine, text, status):
        said = ''.join(
            f'{line[match.end():]}\n' for line in text.split('\n') if (match := GUEST_LINE.match(line))
        )
        # xl's status does not depend on the guest.
        return kvm_lane.judge(machine, said, None)


def read_machines():
    return kvm_lane.read_machines(ROOT / 'tests/kvm/xen.toml', XenMachine)
