# SPDX-License-Identifier: BSD-2-Clause
"""Packages of another Debian suite than the system's, from the sources of the system's own packages.

They are downloaded and unpacked into a folder of the build, and never installed: apt is given a source and lists of
its own. Which mirror, by which transport and with which keys is what the system's apt says of its own suite; proxies
and credentials in its configuration hold here, too.
"""
import contextlib
import fcntl
import pathlib
import re
import shutil

from ashlar import Failure, progress
from ashlar.command import output_of

KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

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


@contextlib.contextmanager
def locked(folder):
    """One process at a time: several test workers may need it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def codename():
    """The system's release, such as bookworm."""
    text = pathlib.Path('/etc/os-release').read_text()
    found = re.search(r'^VERSION_CODENAME="?([\w-]+)', text, re.MULTILINE)
    if not found or not re.search(r'^ID="?debian"?$', text, re.MULTILINE):
        raise Failure('this system is not a Debian with a code name')
    return found[1]


def own_source(targets, release):
    """The mirror of @release and its keys, from `apt-get indextargets`.

    Return: the URI, and the option in front of it in a source list, '' for the system's trusted keys.
    """
    for stanza in targets.split('\n\n'):
        field = dict(re.findall(r'^([\w-]+): (.*)$', stanza, re.MULTILINE))
        if (
            field.get('Created-By') == 'Packages'
            and field.get('Component') == 'main'
            and field.get('Repo-URI')
            and (field.get('Codename') or field.get('Release')) == release
        ):
            return field['Repo-URI'], field.get('Signed-By', '')
    raise Failure(f"the system's apt has no source of {release} main")


def source_of(suite):
    """A line of a source list for @suite, beside the system's own release."""
    if not shutil.which('apt-get') or not shutil.which('dpkg-deb'):
        raise Failure(f"packages of Debian's {suite} are wanted, and there is no apt-get here")
    uri, keys = own_source(output_of('apt-get', 'indextargets'), codename())
    if not keys and pathlib.Path(KEYRING).exists():
        keys = KEYRING
    return f'deb {f"[signed-by={keys}] " if keys else ""}{uri} {suite} main\n'


def unpack(folder, suite, packages):
    """Downloads @packages, by name or by name=version, and unpacks them into @folder/root, which is then whole or absent."""
    with progress.step(f'downloading {" ".join(packages)} of {suite}', about=60):
        _unpack(folder, suite, packages)


def _unpack(folder, suite, packages):
    work = folder / 'apt'
    for name in ('lists/partial', 'cache/archives/partial', 'packages'):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / 'sources.list').write_text(source_of(suite))
    (work / 'apt.conf').write_text(APT_CONF.format(folder=work))
    output_of('apt-get', '-q', '-c', work / 'apt.conf', '-o', 'APT::Update::Error-Mode=any', 'update')
    names = [depends(name, work / 'apt.conf') if name == 'linux-image-amd64' else name for name in packages]
    output_of('apt-get', '-q', '-c', work / 'apt.conf', 'download', *names, cwd=work / 'packages')
    root = folder / 'new'
    shutil.rmtree(root, ignore_errors=True)
    for package in sorted((work / 'packages').glob('*.deb')):
        output_of('dpkg-deb', '-x', package, root)
    shutil.rmtree(work)
    # Only a whole one gets the name.
    root.rename(folder / 'root')


def depends(package, apt_conf):
    """What a package that is empty itself, such as linux-image-amd64, depends on today."""
    found = re.search(
        r'Depends: (linux-image-\S+)', output_of('apt-cache', '-c', apt_conf, 'depends', package)
    )
    if not found:
        raise Failure(f'apt knows no {package}')
    return found[1]
