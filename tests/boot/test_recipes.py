# SPDX-License-Identifier: BSD-2-Clause
"""The recipes for pipelines, docs/ci/ and .github/workflows/: each is well formed, and its shell steps boot an image, or test
the tree.

A step is run as it stands in the file, by the shell that its service uses, in a folder with what the steps before it make.
Not run: the steps that install packages, and a service's own actions.
"""
import os
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
import yaml

from ashlar import ROOT, build as builds

WORKFLOW = ROOT / '.github/workflows/boot.yml'
TESTING = ROOT / '.github/workflows/test.yml'
GITLAB = ROOT / 'docs/ci/gitlab.yml'
LAVA = ROOT / 'docs/ci/lava.yaml'
CONTAINER = ROOT / 'docs/ci/Containerfile'
SECONDS = 600
CMDLINE = 'run="test traps.*; report; exit"'
MACHINE = '--smp 2 --memory 256M'
# (the words of the recipe's options, the wanted status): as expected, and not.
CASES = [
    (f'{MACHINE} --expect cpus=2 --expect memory>=100M --expect verdict=pass', 0),
    (f'{MACHINE} --expect cpus=9', 1),
]


def load(path):
    """YAML of which `on` is no boolean."""
    return yaml.load(path.read_text(), yaml.BaseLoader)


def workflow():
    """(its inputs, its steps)"""
    content = load(WORKFLOW)
    return content['on']['workflow_call']['inputs'], content['jobs']['boot']['steps']


def step_named(name):
    return next(step for step in workflow()[1] if step['name'] == name)


def shell(words, script, folder, **variables):
    return subprocess.run(
        [*words, script],
        cwd=folder,
        env=dict(os.environ, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )


@pytest.fixture
def image(build):
    return build('gcc-O2').path(builds.ELF)


def check_results(folder, status):
    suites = {suite.get('name'): suite for suite in ET.parse(folder / 'results.xml').getroot()}
    assert int(suites['self-tests'].get('tests')) > 5
    assert (int(suites['expected'].get('failures')) > 0) == (status != 0)


# --- GitHub Actions ---


def test_the_workflow_uses_its_inputs_and_gives_none_to_a_shell():
    inputs, steps = workflow()
    text = WORKFLOW.read_text()
    assert set(re.findall(r'inputs\.(\w+)', text)) == set(inputs)
    for each in inputs.values():
        assert set(each) <= {'description', 'type', 'required', 'default'} and each['type'] == 'string'
        assert ('default' in each) != (each.get('required') == 'true')
    for step in steps:
        assert ('run' in step) != ('uses' in step), step
        # An expression in a script is replaced before the shell reads it, with whatever is in the value.
        assert '${{' not in step.get('run', ''), step
        assert re.fullmatch(r'actions/[a-z-]+@v\d+', step.get('uses', 'actions/a@v1'))


@pytest.mark.parametrize('options, status', CASES)
def test_the_workflow_boots_an_artifact(options, status, image, tmp_path):
    (tmp_path / 'ashlar').symlink_to(ROOT)
    (tmp_path / 'image').mkdir()
    shutil.copy(image, tmp_path / 'image/ashlar.elf')
    # Its shell in a container.
    done = shell(
        ('sh', '-e', '-c'),
        step_named('Boot')['run'],
        tmp_path,
        ARTIFACT='some',
        IMAGE='ashlar.elf',
        CMDLINE=CMDLINE,
        OPTIONS=options,
    )
    assert done.returncode == status, done.stdout
    check_results(tmp_path, status)


def test_the_workflow_builds_an_image_that_it_is_not_given(tmp_path):
    (tmp_path / 'ashlar').symlink_to(ROOT)
    variables = {'ARTIFACT': '', 'IMAGE': 'ashlar.elf', 'CMDLINE': CMDLINE, 'OPTIONS': '--dry-run'}
    done = shell(('sh', '-e', '-c'), step_named('Boot')['run'], tmp_path, **variables)
    assert done.returncode == 0 and str(ROOT / 'build' / builds.ELF) in done.stdout


# --- the workflow that tests the tree ---


def job_and_steps():
    """(its job, its steps)"""
    job = load(TESTING)['jobs']['test']
    return job, job['steps']


def test_a_push_and_a_pull_request_are_tested():
    job, steps = job_and_steps()
    assert set(load(TESTING)['on']) == {'push', 'pull_request'}
    booting = load(WORKFLOW)['jobs']['boot']
    assert (job['container'], job['runs-on']) == (booting['container'], booting['runs-on'])
    assert 45 < int(job['timeout-minutes']) <= 120
    assert steps[0] == booting['steps'][0]
    pins = {step['uses'] for step in booting['steps'] if 'uses' in step}
    for step in steps:
        assert ('run' in step) != ('uses' in step), step
        assert '${{' not in step.get('run', ''), step
        assert step.get('uses', 'actions/checkout@v4') in pins, step
    assert next(step for step in steps if step['name'] == 'Keep the logs')['if'] == 'failure()'


def run_testing_steps(folder, words, **variables):
    """Runs the shell steps from the third one on, the last with more words. Return: what that gave."""
    for name in '.ci', 'scripts':
        (folder / name).symlink_to(ROOT / name)
    scripts = [step['run'] for step in job_and_steps()[1] if 'run' in step and 'apt-get' not in step['run']]
    scripts[-1] += f' {words}'
    for script in scripts:
        done = shell(('sh', '-e', '-c'), script, folder, HOME=str(folder), GITHUB_WORKSPACE='/w', **variables)
        assert done.returncode == 0 or script is scripts[-1], done.stdout
    return done


def test_the_steps_of_the_workflow_test_the_tree(tmp_path):
    done = run_testing_steps(tmp_path, "--unit -k 'check: listed'")
    assert done.returncode == 0 and done.stdout.endswith('1 passed, 0 failed, 0 skipped\n'), done.stdout
    assert '\tdirectory = /w\n' in (tmp_path / '.gitconfig').read_text()
    # The logs that are kept are where a run leaves them.
    paths = job_and_steps()[1][-1]['with']['path'].split()
    assert paths[0] == 'results.xml' and 'check' in (tmp_path / paths[0]).read_text()
    assert paths[1] == 'build-test/boot.xml'
    assert list(ROOT.glob(paths[2]))


def test_a_missing_tool_fails_the_workflow_s_run(tmp_path):
    """And is a skip of scripts/test."""
    programs = tmp_path / 'programs'
    programs.mkdir()
    for name in 'clang-format', 'clang-format-14', 'black':
        (programs / name).write_text('#!/bin/sh\necho version 99.0.1\n')
        (programs / name).chmod(0o755)
    path = f'{programs}:{os.environ["PATH"]}'
    words = "--unit -k 'check: format'"
    done = run_testing_steps(tmp_path, words, PATH=path)
    assert done.returncode == 1 and done.stdout.endswith('0 passed, 1 failed, 0 skipped\n'), done.stdout
    assert 'install clang-format 14' in done.stdout
    done = shell(('sh', '-e', '-c'), f'scripts/test {words}', tmp_path, PATH=path)
    assert 'skipped: check: format: C was not checked: install clang-format 14' in done.stdout


# --- GitLab ---


def gitlab():
    return load(GITLAB)['.ashlar']


def test_the_template_has_the_variables_that_it_uses():
    job = gitlab()
    assert set(job) == {'image', 'timeout', 'variables', 'before_script', 'script', 'artifacts'}
    used = set(re.findall(r'\$(ASHLAR_\w+)', '\n'.join(job['before_script'] + job['script'])))
    assert used == set(job['variables'])


@pytest.mark.parametrize('options, status', CASES)
def test_the_template_boots_an_image_of_an_earlier_job(options, status, image, tmp_path):
    """The clone, too, is made by its own command, of what is committed."""
    subprocess.run(['git', 'clone', '-q', '--bare', str(ROOT), 'tree.git'], cwd=tmp_path, check=True)
    subprocess.run(['git', 'update-ref', 'refs/heads/tried', 'HEAD'], cwd=tmp_path / 'tree.git', check=True)
    shutil.copy(image, tmp_path / 'image.elf')
    job = gitlab()
    script = '\n'.join([each for each in job['before_script'] if 'apt-get' not in each] + job['script'])
    variables = {
        'ASHLAR_REPOSITORY': f'file://{tmp_path}/tree.git',
        'ASHLAR_REF': 'tried',
        'ASHLAR_IMAGE': 'image.elf',
        'ASHLAR_CMDLINE': CMDLINE,
        'ASHLAR_OPTIONS': options,
    }
    done = shell(('bash', '-eo', 'pipefail', '-c'), script, tmp_path, **variables)
    assert done.returncode == status, done.stdout
    check_results(tmp_path, status)


@pytest.mark.parametrize('text', ['workflow', 'testing', 'template'])
def test_the_scripts_of_the_recipes_have_no_fault_that_shellcheck_knows(text):
    if text == 'workflow':
        scripts = [step['run'] for step in workflow()[1] if 'run' in step]
    elif text == 'testing':
        scripts = [step['run'] for step in job_and_steps()[1] if 'run' in step]
    else:
        scripts = ['\n'.join(gitlab()['before_script'] + gitlab()['script'])]
    for script in scripts:
        # Variables come from the service.
        words = ['shellcheck', '--shell=sh', '--exclude=SC2154', '-']
        done = subprocess.run(words, input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


# --- LAVA ---


def lava():
    return yaml.safe_load(LAVA.read_text())


def test_the_lava_job_is_valid_by_lava_s_schema():
    schemas = pytest.importorskip(
        'lava_common.schemas', reason="no lava-common, Debian's package of LAVA's schema"
    )
    schemas.validate(lava(), strict=True)


def test_the_monitors_of_the_lava_job_read_the_machine(image):
    """QEMU's command as LAVA makes it, and its search for patterns, each from the end of the last."""
    job = lava()
    deploy, boot, test = (next(iter(action.values())) for action in job['actions'])
    context = job['context']
    words = ['qemu-system-x86_64', '-nographic', '-m', str(context['memory']), '-monitor', 'none']
    words += shlex.split(' '.join(context['extra_options']))
    words += shlex.split(deploy['images']['kernel']['image_arg'].format(kernel=shlex.quote(str(image))))
    # A few of the tests: all of them are run elsewhere.
    words = [word.replace('test;', 'test traps.*;') for word in words]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace', timeout=SECONDS
    )
    rest = done.stdout
    assert any(re.search(prompt, rest) for prompt in boot['prompts'])
    results = {}
    for monitor in test['monitors']:
        rest = rest[re.search(monitor['start'], rest).end() :]
        end = re.search(monitor['end'], rest)
        for found in re.finditer(monitor['pattern'], rest[: end.start()]):
            results[found['test_case_id']] = monitor['fixupdict'][found['result']]
        rest = rest[end.end() :]
    assert results.pop('verdict') == 'pass'
    assert len(results) > 5 and set(results.values()) == {'pass'}
    assert all(name.startswith('traps.') for name in results)


# --- a container ---


def test_the_container_file_installs_what_setup_knows():
    text = CONTAINER.read_text().replace('\\\n', '')
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith('#')]
    assert {word for word, _ in lines} == {'ARG', 'FROM', 'COPY', 'RUN', 'WORKDIR'}
    for word, rest in lines:
        if word == 'COPY':
            assert (ROOT / rest.split()[0]).is_file()
    groups = set()
    for words in re.findall(r'TOOLS="([^"]*)"', CONTAINER.read_text()):
        groups |= set(words.split())
    done = subprocess.run(
        [str(ROOT / 'scripts/setup'), '--dry-run', *sorted(groups)], capture_output=True, text=True
    )
    assert groups and 'usage' not in done.stderr, done.stderr
