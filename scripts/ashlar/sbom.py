# SPDX-License-Identifier: BSD-2-Clause
"""The SPDX document of a release: its files, what they contain that is not of this tree, and the tools that made them.

Source: SPDX Specification 2.3, clauses 6, 7, 8 and 11, annex D.

tests/boot/spdx_rules.py checks a document against these rules.
"""
import datetime
import hashlib
import os
import re
import shutil
import subprocess

OWN, FONTS, GRUB = 'BSD-2-Clause', 'OFL-1.1', 'GPL-3.0-or-later'
# What an image contains beside this tree: Debian's package, name, license, role, and the files that contain it.
FOREIGN = (
    ('grub-pc-bin', 'GRUB', GRUB, 'boot loader for BIOS', ('ashlar.iso',)),
    ('grub-efi-amd64-bin', 'GRUB', GRUB, 'boot loader for 64-bit UEFI', ('ashlar.iso',)),
    ('grub-efi-ia32-bin', 'GRUB', GRUB, 'boot loader for 32-bit UEFI', ('ashlar.iso',)),
    (
        'console-setup-linux',
        'Terminus',
        FONTS,
        'fonts of the framebuffer console',
        ('ashlar.elf', 'ashlar.iso'),
    ),
)
LICENSES = {'ashlar.elf': f'{OWN} AND {FONTS}', 'ashlar.iso': f'{OWN} AND {FONTS} AND {GRUB}'}
# The bytes depend on the versions of these: name, and the programs, of which the first that is installed was used.
TOOLS = (
    ('GCC', ('x86_64-linux-gnu-gcc', 'x86_64-elf-gcc', 'gcc')),
    ('binutils', ('x86_64-linux-gnu-objcopy', 'x86_64-elf-objcopy', 'objcopy')),
    ('NASM', ('nasm',)),
    ('grub-mkimage', ('grub-mkimage', 'grub2-mkimage')),
    ('mtools', ('mformat',)),
    ('xorriso', ('xorriso',)),
)


def _first_line_of(program):
    done = subprocess.run(
        [program, '--version'],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, LC_ALL='C'),
    )
    # xorriso says first that it is xorriso.
    lines = [line for line in done.stdout.splitlines() if re.search(r'\d+\.\d+', line)]
    return lines[0] if lines else ''


def _tool_version(program):
    """Its own number, and its distribution's where the program says it."""
    words = _first_line_of(program)
    package = re.search(r'\((?:Debian )?(\d[^)]*-[^)]*)\)', words)
    numbers = re.findall(r'\d+(?:\.\d+)+\S*', re.sub(r'\([^)]*\)', '', words)) or re.findall(
        r'\d+(?:\.\d+)+\S*', words
    )
    return ' '.join(numbers[:1] + ([f'({package[1]})'] if package else []))


def tools():
    """[(name, version)] of those that are installed."""
    found = []
    for name, programs in TOOLS:
        program = next(filter(shutil.which, programs), None)
        if program:
            found.append((name, _tool_version(program)))
    return found


def package_version(package):
    """As dpkg has it; empty if there is no dpkg, or no such package."""
    if not shutil.which('dpkg-query'):
        return ''
    words = ['dpkg-query', '-W', '-f=${Version}', package]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def _id(kind, name):
    return f'SPDXRef-{kind}-' + re.sub(r'[^A-Za-z0-9.-]', '-', name)


def _package(spdx_id, name, version, license_words, **more):
    """No archive of it was looked into, and where it came from is not known."""
    return {
        'SPDXID': spdx_id,
        'name': name,
        **({'versionInfo': version} if version else {}),
        'downloadLocation': 'NOASSERTION',
        'filesAnalyzed': False,
        'licenseConcluded': license_words,
        'licenseDeclared': license_words,
        'copyrightText': 'NOASSERTION',
        **more,
    }


def _file(name, data):
    return {
        'SPDXID': _id('File', name),
        'fileName': f'./{name}',
        'checksums': [
            {'algorithm': 'SHA1', 'checksumValue': hashlib.sha1(data).hexdigest()},
            {'algorithm': 'SHA256', 'checksumValue': hashlib.sha256(data).hexdigest()},
        ],
        'licenseConcluded': LICENSES.get(name, OWN),
        'copyrightText': 'NOASSERTION',
    }


def document(contents, version, commit, epoch, copyright_text):
    """The document about @contents, bytes by file name; @epoch: seconds since 1970. Return: a dictionary for JSON."""
    own = _package(_id('Package', 'ashlar'), 'ashlar', version, OWN, sourceInfo=f'git commit {commit}')
    own['copyrightText'] = copyright_text
    packages, relations = [own], [('SPDXRef-DOCUMENT', 'DESCRIBES', own['SPDXID'])]
    files = [_file(name, data) for name, data in sorted(contents.items())]
    relations += [(own['SPDXID'], 'CONTAINS', file['SPDXID']) for file in files]
    for package, name, license_words, role, images in FOREIGN:
        made = package_version(package)
        comment = f'{role}, from the Debian package {package}'
        packages.append(_package(_id('Package', package), name, made, license_words, comment=comment))
        relations += [(_id('File', image), 'CONTAINS', packages[-1]['SPDXID']) for image in images]
    relations.append((_id('File', 'ashlar.iso'), 'CONTAINS', _id('File', 'ashlar.elf')))
    for name, made in tools():
        packages.append(_package(_id('Tool', name), name, made, 'NOASSERTION'))
        relations.append((packages[-1]['SPDXID'], 'BUILD_TOOL_OF', own['SPDXID']))
    body = {
        'packages': packages,
        'files': files,
        'relationships': [
            {'spdxElementId': one, 'relationshipType': kind, 'relatedSpdxElement': other}
            for one, kind, other in relations
        ],
    }
    # A namespace belongs to one document; other tools make other bytes of the same commit.
    digest = hashlib.sha256(repr(body).encode()).hexdigest()[:32]
    when = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    return {
        'spdxVersion': 'SPDX-2.3',
        'dataLicense': 'CC0-1.0',
        'SPDXID': 'SPDXRef-DOCUMENT',
        'name': f'ashlar-{version}',
        'documentNamespace': f'https://spdx.org/spdxdocs/ashlar-{version}-{digest}',
        'creationInfo': {
            'created': when.strftime('%Y-%m-%dT%H:%M:%SZ'),
            'creators': ['Organization: The Ashlar authors', f'Tool: scripts-release-{version}'],
        },
        **body,
    }
