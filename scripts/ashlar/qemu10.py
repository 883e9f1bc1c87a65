# SPDX-License-Identifier: BSD-2-Clause
"""A newer QEMU than Debian 12's, whose TCG has x2APIC: 10, from bookworm-backports.

It is downloaded and unpacked into a folder of the build, and never installed: apt is given a source and lists of its own.
Its libraries are those that the system's QEMU uses. Where the system's QEMU is new enough, that is the one.
"""
import contextlib
import fcntl
import pathlib
import re
import shutil

from ashlar import ROOT, Failure
from ashlar.linux import run
from ashlar.machine import qemu_program

FOLDER = ROOT / 'build-test/qemu10'
WANTED = 10
PACKAGES = ('qemu-system-x86', 'qemu-system-common', 'qemu-system-data', 'seabios')

SOURCES = '''deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main
'''
# What others have apt do after an update is not for these lists. Two tries of 20 s: tests wait for it.
APT_CONF = '''
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "{folder}/lists";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
'''


def major_version(program):
    found = re.search(r'version (\d+)\.', run(program, '--version'))
    return int(found[1]) if found else 0


@contextlib.contextmanager
def locked(folder):
    """One process at a time: several test workers may want it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unpack(folder):
    """Packages from the other source, into @folder/root."""
    work = folder / 'apt'
    for name in ('lists/partial', 'cache/archives/partial', 'packages'):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / 'sources.list').write_text(SOURCES)
    (work / 'apt.conf').write_text(APT_CONF.format(folder=work))
    run('apt-get', '-q', '-c', work / 'apt.conf', '-o', 'APT::Update::Error-Mode=any', 'update')
    run('apt-get', '-q', '-c', work / 'apt.conf', 'download', *PACKAGES, cwd=work / 'packages')
    root = folder / 'new'
    shutil.rmtree(root, ignore_errors=True)
    for package in sorted((work / 'packages').glob('*.deb')):
        run('dpkg-deb', '-x', package, root)
    shutil.rmtree(work)
    # Only a whole one gets the name.
    root.rename(folder / 'root')


def fetch(folder=FOLDER):
    """The program, downloaded when @folder does not hold it yet. Failure: with the reason why it cannot be had."""
    folder = pathlib.Path(folder)
    program = folder / 'root/usr/bin/qemu-system-x86_64'
    with locked(folder):
        if not program.exists():
            if not shutil.which('apt-get') or not shutil.which('dpkg-deb'):
                raise Failure("QEMU 10 comes from Debian's bookworm-backports, and there is no apt-get here")
            unpack(folder)
    missing = re.findall(r'^\s*(\S+) => not found', run('ldd', program), re.MULTILINE)
    if missing:
        raise Failure(f'QEMU 10 lacks libraries: {" ".join(missing)}')
    if major_version(program) < WANTED:
        raise Failure(f'{program} is older than QEMU {WANTED}')
    return program


def find():
    """The system's QEMU where it is new enough, else fetch().

    Return: the program, and the words that it needs, in front of all others or behind: where its firmware is.
    """
    with contextlib.suppress(Failure, OSError):
        system = qemu_program()
        if major_version(system) >= WANTED:
            return str(system), ()
    program = fetch()
    share = program.parents[1] / 'share'
    return str(program), ('-L', str(share / 'qemu'), '-L', str(share / 'seabios'))
