# SPDX-License-Identifier: BSD-2-Clause
"""scripts/release: two trees of one commit give the same bytes, and what the files say is true.

One is this tree, whose build other tests use, too. The other is a clone in another folder, compiled from nothing by one
CPU, with another umask, time zone, locale and user name, and other times of its files. Its place is the same each time,
so that ccache has its objects.
"""
import contextlib
import copy
import fcntl
import hashlib
import json
import os
import shutil
import subprocess

import pytest
import spdx_rules

from ashlar import ROOT, Failure, build as builds, release as release_program

FILES = {
    'ashlar.iso',
    'ashlar.elf',
    'ashlar.symbols',
    'ashlar.spdx.json',
    'report.schema.json',
    'NOTES.md',
    'SHA256SUMS',
}
CLONE = ROOT / 'build-test/release-test/a folder with blanks/tree'
ELSEWHERE = {
    'TZ': 'Pacific/Kiritimati',
    'LC_ALL': 'C.UTF-8',
    'LANG': 'tr_TR.UTF-8',
    'USER': 'another',
    'LOGNAME': 'another',
}
OLD_TIME = 788918400
SECONDS = 1800


def git(*words, **more):
    return subprocess.run(
        ['git', '-c', 'safe.directory=*', *words], cwd=ROOT, stdout=subprocess.PIPE, check=True, **more
    ).stdout


def be_elsewhere():
    """In the child: one CPU, and files without permissions for others."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.umask(0o077)


def release(tree, folder, *words, **more):
    done = subprocess.run(
        ['scripts/release', str(folder), *words],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        **more,
    )
    return done


def clone():
    """Of this tree as it is: what is not committed here is not committed there."""
    shutil.rmtree(CLONE, ignore_errors=True)
    git('clone', '-q', '--no-hardlinks', str(ROOT), str(CLONE))
    if changes := git('diff', '--binary', 'HEAD'):
        subprocess.run(['git', 'apply'], cwd=CLONE, input=changes, check=True)
    for name in filter(None, git('ls-files', '-z', '--others', '--exclude-standard').decode().split('\0')):
        (CLONE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, CLONE / name)
    for name in filter(None, git('ls-files', '-z').decode().split('\0')):
        if (CLONE / name).exists():
            os.utime(CLONE / name, (OLD_TIME, OLD_TIME))
    return CLONE


@contextlib.contextmanager
def shared_folder(factory):
    """One for all workers of this run, for one of them at a time."""
    base, run = factory.getbasetemp(), os.environ.get('PYTEST_XDIST_TESTRUNUID')
    folder = (base.parent if run else base) / f'release-{run}'
    folder.mkdir(exist_ok=True)
    with open(folder / 'lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope='module')
def releases(tmp_path_factory):
    """The folders of two, and the options that they were made with. One worker makes them."""
    with shared_folder(tmp_path_factory) as base:
        made = base / 'words'
        if not made.exists():
            made.write_text(json.dumps(make_releases(base)))
        return base / 'here', base / 'there', json.loads(made.read_text())


def make_releases(base):
    words = ['--dirty'] if git('status', '--porcelain') else []
    here = release(ROOT, base / 'here', *words)
    assert here.returncode == 0, here.stdout + here.stderr
    there = release(
        clone(), base / 'there', *words, env=dict(os.environ, **ELSEWHERE), preexec_fn=be_elsewhere
    )
    assert there.returncode == 0, there.stdout + there.stderr
    return words


def differences(one, other):
    names = {path.name for folder in (one, other) for path in folder.iterdir()}
    assert names == FILES
    return {name for name in names if (one / name).read_bytes() != (other / name).read_bytes()}


def test_two_trees_give_the_same_bytes(releases):
    here, there, _ = releases
    assert not differences(here, there)
    for name in FILES:
        content = (there / name).read_bytes()
        assert str(ROOT).encode() not in content and b'/' + CLONE.parent.name.encode() not in content, name
        assert (there / name).stat().st_mode & 0o777 == 0o644


def test_another_time_is_in_the_iso_and_not_in_the_kernel(releases, tmp_path):
    """Also the proof that a difference would be noticed."""
    here, _, words = releases
    done = release(CLONE, tmp_path / 'later', *words, env=dict(os.environ, SOURCE_DATE_EPOCH=str(OLD_TIME)))
    assert done.returncode == 0, done.stderr
    assert differences(here, tmp_path / 'later') == {
        'ashlar.iso',
        'ashlar.spdx.json',
        'NOTES.md',
        'SHA256SUMS',
    }
    assert 'T00:00:00Z' in (tmp_path / 'later/ashlar.spdx.json').read_text()


def test_checksums_are_those_of_all_files(releases):
    folder = releases[0]
    words = ['sha256sum', '--check', '--strict', '--quiet', 'SHA256SUMS']
    assert subprocess.run(words, cwd=folder, capture_output=True).returncode == 0
    listed = {line.split()[1] for line in (folder / 'SHA256SUMS').read_text().splitlines()}
    assert listed == FILES - {'SHA256SUMS'}


def test_sbom_is_valid_and_about_these_files(releases):
    folder = releases[0]
    sbom = json.loads((folder / 'ashlar.spdx.json').read_text())
    assert spdx_rules.complaints(sbom) == []
    assert {file['fileName'] for file in sbom['files']} == {
        f'./{name}' for name in FILES - {'SHA256SUMS', 'ashlar.spdx.json'}
    }
    for file in sbom['files']:
        data = (folder / file['fileName']).read_bytes()
        sums = {item['algorithm']: item['checksumValue'] for item in file['checksums']}
        assert sums == {'SHA1': hashlib.sha1(data).hexdigest(), 'SHA256': hashlib.sha256(data).hexdigest()}
    own, commit = sbom['packages'][0], git('rev-parse', 'HEAD').decode().strip()
    assert own['sourceInfo'] == f'git commit {commit}'
    assert own['versionInfo'].endswith('+dirty') == bool(releases[2])
    contained = {package['name']: package for package in sbom['packages'][1:]}
    assert {'GRUB', 'Terminus', 'GCC', 'binutils', 'NASM', 'mtools', 'xorriso'} <= set(contained)
    assert all(each.get('versionInfo') for each in contained.values())


@pytest.mark.parametrize(
    'fault, words',
    [
        (lambda sbom: sbom.pop('documentNamespace'), 'no documentNamespace'),
        (lambda sbom: sbom['creationInfo'].update(created='2026-01-01'), 'created'),
        (lambda sbom: sbom['creationInfo'].update(creators=['a person']), 'creators'),
        (lambda sbom: sbom['packages'][0].pop('downloadLocation'), 'no downloadLocation'),
        (lambda sbom: sbom['packages'][0].pop('filesAnalyzed'), 'verification code'),
        (lambda sbom: sbom['packages'][1].update(licenseConcluded='GPLv3'), 'licenseConcluded'),
        (lambda sbom: sbom['packages'][1].update(SPDXID='SPDXRef-a b'), 'SPDXID'),
        (lambda sbom: sbom['files'][0].update(SPDXID=sbom['files'][1]['SPDXID']), 'twice'),
        (lambda sbom: sbom['files'][0]['checksums'].pop(0), 'no SHA1'),
        (lambda sbom: sbom['files'][0].update(fileName='ashlar.elf'), 'fileName'),
        (lambda sbom: sbom['relationships'].pop(0), 'describes nothing'),
        (lambda sbom: sbom['files'].pop(0), 'which is no element'),
    ],
)
def test_a_fault_in_the_sbom_is_found(fault, words, releases):
    sbom = copy.deepcopy(json.loads((releases[0] / 'ashlar.spdx.json').read_text()))
    fault(sbom)
    assert any(words in each for each in spdx_rules.complaints(sbom))


@pytest.mark.parametrize('name', ['ashlar.elf', 'ashlar.iso'])
def test_the_released_image_boots(name, releases, start):
    image = releases[0] / name
    boot = 'kernel' if name.endswith('.elf') else 'iso'
    outcome = start(image=image, boot=boot, cmdline='run="test traps.*; exit"').wait(120)
    assert outcome.verdict == 'pass', outcome.words


def test_symbols_are_those_of_the_image(releases):
    listing = subprocess.run(
        ['nm', str(releases[0] / 'ashlar.symbols')], capture_output=True, text=True, check=True
    ).stdout
    assert ' T kernel64_main\n' in listing


def test_a_folder_with_files_is_refused(releases):
    done = release(CLONE, releases[0])
    assert done.returncode == 2 and 'is not an empty folder' in done.stderr


def test_uncommitted_changes_are_refused_by_name(releases, tmp_path):
    new = CLONE / 'kernel64/planted.c'
    new.write_text('\n')
    try:
        done = release(CLONE, tmp_path / 'new')
    finally:
        new.unlink()
    assert done.returncode == 2 and 'kernel64/planted.c' in done.stderr and '--dirty' in done.stderr
    assert not (tmp_path / 'new').exists()


def test_a_build_folder_with_other_options_is_refused(monkeypatch):
    good = [{'name': name, 'value': value} for name, value in release_program.OPTIONS.items()]
    bad = [dict(each, value=False) if each['name'] == 'selftests' else each for each in good]
    variant = builds.Build(ROOT / 'build-test/some')
    monkeypatch.setattr(release_program, 'introspect', lambda *_: good)
    release_program.check_options(variant)
    monkeypatch.setattr(release_program, 'introspect', lambda *_: bad)
    with pytest.raises(Failure, match='selftests=False'):
        release_program.check_options(variant)
