# SPDX-License-Identifier: BSD-2-Clause
"""scripts/release DIR: makes the files of a release in a new folder.

    ashlar.iso              boots by BIOS and UEFI, from a CD drive or a USB stick
    ashlar.elf              for GRUB, QEMU -kernel, Xen PVH and others; without debug information
    ashlar.symbols          kernel64 with its symbols, for nm, objdump and gdb's symbol-file
    ashlar.spdx.json        SPDX 2.3: files, content that is not of this tree, licenses, tools
    report.schema.json      JSON schema of the @ashlar lines
    NOTES.md                version, commit, sizes, how to boot it, how to make it again
    SHA256SUMS              of all of them: sha256sum -c SHA256SUMS

The same commit and the same versions of the tools give the same bytes, on any machine and in any folder: every time stamp is
SOURCE_DATE_EPOCH, or else the time of the commit, and no file names a path. Uncommitted changes are refused, or with
--dirty named in the version.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import sys

from ashlar import ROOT, Failure, build as builds, command, program, progress, sbom

VARIANT = 'gcc-O2'
STRIPPED_ELF = 'iso/ashlar.elf'
SYMBOLS = 'iso/ashlar.symbols'
SCHEMA = 'docs/report.schema.json'
CHECKSUMS = 'SHA256SUMS'
DIRTY_SUFFIX = '+dirty'
# Meson's options that change the bytes, at the values of a release.
OPTIONS = {
    'product': 'kernel',
    'optimization': '2',
    'debug': True,
    'checked': False,
    'selftests': True,
    'monitor': True,
    'smp': True,
    'b_lto': False,
    'b_sanitize': 'none',
    'c_args': [],
    'c_link_args': [],
    'nasm_args': [],
}


def git(*words):
    try:
        return command.output_of('git', '-c', 'safe.directory=*', *words, cwd=ROOT).strip()
    except Failure as failure:
        raise Failure(f'a release is made in a clone, with its history: {failure}') from None


def is_dirty(is_allowed):
    changes = git('status', '--porcelain', '--untracked-files=normal').splitlines()
    if changes and not is_allowed:
        names = ''.join(f'\n    {line}' for line in changes[:10])
        raise Failure(
            'there are uncommitted changes, which no other clone has; commit them, or give '
            f'--dirty to have them named in the version:{names}'
        )
    return bool(changes)


def introspect(variant, what):
    return json.loads(command.output_of('meson', 'introspect', what, variant.folder))


def check_options(variant):
    """Refuses a build folder that was configured by hand."""
    values = {option['name']: option['value'] for option in introspect(variant, '--buildoptions')}
    for name, wanted in OPTIONS.items():
        if values[name] != wanted:
            raise Failure(
                f'{variant.name} is configured with {name}={values[name]} instead of {wanted}; remove the folder'
            )


def notes(contents, version, commit, epoch):
    """@contents: bytes by file name, without the notes themselves."""
    rows = '\n'.join(f'| `{name}` | {len(data):,} |' for name, data in sorted(contents.items()))
    tools = '\n'.join(f'- {name} {made}' for name, made in sbom.tools())
    grub = f' {sbom.package_version("grub-pc-bin")}'.rstrip()
    changes = ', with uncommitted changes' if version.endswith(DIRTY_SUFFIX) else ''
    return f"""# Ashlar {version}

Commit {commit}{changes}, {datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc):%Y-%m-%d}.

| file | bytes |
| --- | ---: |
{rows}

## Use

`sha256sum -c {CHECKSUMS}` checks the files. To boot, with the prompt in the terminal:

    qemu-system-x86_64 -m 512M -cdrom ashlar.iso -serial stdio

To run the self-tests and end; QEMU's exit status is then 33 for a pass:

    qemu-system-x86_64 -m 512M -kernel ashlar.elf -append 'run="test; exit" debugexit=0xf4' \\
        -device isa-debug-exit,iobase=0xf4 -serial stdio -display none

A line of the serial output that begins with `@ashlar ` has a JSON object, which `report.schema.json` describes; the last
one is the verdict. `ashlar.symbols` has the kernel's symbols: `gdb -ex 'symbol-file ashlar.symbols'`.

## Licenses

Ashlar is under BSD-2-Clause. `ashlar.elf` and `ashlar.iso` contain glyphs of Terminus (OFL-1.1), `ashlar.iso` contains
GRUB{grub} (GPL-3.0-or-later): a distributor of the ISO has to offer GRUB's source. `ashlar.spdx.json` lists all of it.

## How it was made

`scripts/release DIR` in a clone of this commit gives the same bytes with these tools:

{tools}
"""


def contents_of(variant, version):
    """The release: bytes by file name."""
    commit, epoch = git('rev-parse', 'HEAD'), int(variant.path('iso/commit-time').read_text())
    contents = {
        'ashlar.iso': variant.iso.read_bytes(),
        'ashlar.elf': variant.path(STRIPPED_ELF).read_bytes(),
        'ashlar.symbols': variant.path(SYMBOLS).read_bytes(),
        'report.schema.json': (ROOT / SCHEMA).read_bytes(),
    }
    contents['NOTES.md'] = notes(contents, version, commit, epoch).encode()
    holder = next(line for line in (ROOT / 'LICENSE').read_text().splitlines() if 'Copyright' in line)
    document = sbom.document(contents, version, commit, epoch, holder)
    contents['ashlar.spdx.json'] = (json.dumps(document, indent=1) + '\n').encode()
    sums = (f'{hashlib.sha256(data).hexdigest()}  {name}\n' for name, data in sorted(contents.items()))
    contents[CHECKSUMS] = ''.join(sums).encode()
    return contents, epoch


def make(folder, is_dirty_allowed):
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Failure(f'{folder} exists and is not an empty folder; name a new one')
    suffix = DIRTY_SUFFIX if is_dirty(is_dirty_allowed) else ''
    variant = builds.variant(VARIANT)
    variant.configure()
    check_options(variant)
    variant.compile(builds.ELF, STRIPPED_ELF, SYMBOLS, builds.ISO)
    version = introspect(variant, '--projectinfo')['version'] + suffix
    contents, epoch = contents_of(variant, version)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in sorted(contents.items()):
        path = folder / name
        path.write_bytes(data)
        path.chmod(0o644)
        os.utime(path, (epoch, epoch))
        print(f'{len(data):>10,}  {os.path.relpath(path)}')


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/release',
        description=__doc__.split(': ', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('dir', type=pathlib.Path, metavar='DIR', help='a new or empty folder')
    parser.add_argument('--dirty', action='store_true', help='allow uncommitted changes')
    options = parser.parse_args()
    progress.show()
    return program.main('scripts/release', lambda: make(options.dir.absolute(), options.dirty) or 0)


if __name__ == '__main__':
    sys.exit(main())
