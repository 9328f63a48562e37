#!/bin/sh
# Makes .venv, or mends one that an interruption left unfinished, and installs the project into it. `make demo` and `make test` call this.
# usage: [PYTHON=python3.12] sh tools/set_up.sh user|dev
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
unfinished=.venv/.unfinished   # stands while pip is at work; where it is found, the last run was killed

fail() { echo "set-up: $1" >&2; exit 1; }

usable() {
    [ ! -e $unfinished ] && .venv/bin/python -c 'import sys, pip; sys.exit(sys.prefix == sys.base_prefix or not (3, 10) <= sys.version_info < (3, 14))'
} >/dev/null 2>&1

# What the machine lacks is said before anything is done.
check_machine() {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        fail "$python does not run: install Python 3.10 to 3.13, or name one: make ... PYTHON=python3.12"
    case $version in
        3.10 | 3.11 | 3.12 | 3.13) ;;
        *) fail "$python is Python $version, but 3.10 to 3.13 is needed: name one: make ... PYTHON=python3.12" ;;
    esac
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python cannot make an environment with pip in it: apt-get install python$version-venv (Debian, Ubuntu)"
}

# A failure of pip's own (no network, say) leaves the environment as it was; only a kill leaves the mark.
install() {
    touch $unfinished
    rm -f .venv/.ready .venv/.ready-dev
    code=0
    .venv/bin/python -m pip install --disable-pip-version-check "$@" || code=$?
    [ $code -ge 128 ] || rm -f $unfinished
    [ $code -eq 0 ] || fail "pip ended with code $code (see above): run the same command again once that is mended"
}

trap 'exit 130' HUP INT TERM
case ${1:-} in user) what=. ;; dev) what='.[dev]' ;; *) fail "usage: sh tools/set_up.sh user|dev" ;; esac
if ! usable; then
    check_machine
    echo "set-up: making .venv with Python $version"
    rm -rf .venv-old
    [ ! -e .venv ] || mv .venv .venv-old   # in one step, so that half a removal cannot be taken for an environment
    mkdir .venv
    touch $unfinished
    "$python" -m venv .venv
    rm -rf .venv-old
fi
install torch torchvision
install -e "$what"
# sam2 is built here, against the torch that is installed and without its CUDA part; torch is never replaced by it
export SAM2_BUILD_CUDA=0
[ "$1" = user ] || install --no-build-isolation "torch==$(.venv/bin/python -c 'import torch; print(torch.__version__.split("+")[0])')" sam2
touch .venv/.ready
[ "$1" = user ] || touch .venv/.ready-dev
