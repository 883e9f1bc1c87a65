# SPDX-License-Identifier: BSD-2-Clause
"""The files of the tree."""
import subprocess


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
