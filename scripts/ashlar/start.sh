# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# How scripts/run and its neighbours start, sourced by each: with the packages they need, in
# Debian's own Python. A python3 earlier in PATH (pyenv, conda) does not see Debian's modules.
#
#     start MODULE "GROUP..." ARGUMENTS...

# installs_nothing ARGUMENTS...: whether they ask for words only, or bring an image.
installs_nothing()
{
    for word; do
        case $word in
        -h | --help | --dry-run | --image | --image=*) return 0 ;;
        --) return 1 ;;
        esac
    done
    return 1
}

start()
{
    module=$1
    groups=$2
    shift 2
    # shellcheck disable=SC2086 # one word a group
    [ -z "$groups" ] || installs_nothing "$@" || "$scripts/setup" $groups
    python=/usr/bin/python3
    [ -x $python ] || python=python3
    PYTHONPATH=$scripts${PYTHONPATH:+:$PYTHONPATH} exec $python -m "ashlar.$module" "$@"
}

scripts=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
