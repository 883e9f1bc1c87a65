# SPDX-License-Identifier: BSD-2-Clause
"""The files of the tree, and the argument by which a check is given another one."""
import argparse
import pathlib
import subprocess

from ashlar import ROOT


def parser(doc):
    """The arguments of a program of scripts/check: a tree, @root, which is absolute; default: this one. @doc: its help."""
    arguments = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('root', nargs='?', type=_folder, default=ROOT)
    return arguments


def _folder(name):
    if not pathlib.Path(name).is_dir():
        raise argparse.ArgumentTypeError(f'no such folder: {name}')
    return pathlib.Path(name).resolve()


def files(root):
    """All files of @root that git tracks, and new ones in the same folders that it does not ignore; without git, all that
    are in no build folder."""
    tracked, new = _listed(root), _listed(root, '--others', '--exclude-standard')
    if tracked is None:
        names = [path.relative_to(root) for path in sorted(root.rglob('*'))]
        return [
            root / name for name in names if not name.parts[0].startswith('build') and (root / name).is_file()
        ]
    folders = {name.split('/')[0] for name in tracked if '/' in name}
    names = tracked + [name for name in new or [] if '/' in name and name.split('/')[0] in folders]
    return [root / name for name in names if (root / name).is_file()]


def _listed(root, *options):
    listing = subprocess.run(
        ['git', '-c', 'safe.directory=*', 'ls-files', '-z', *options],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return None if listing.returncode else [name for name in listing.stdout.decode().split('\0') if name]
