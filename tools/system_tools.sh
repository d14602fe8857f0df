#!/usr/bin/env bash
# Install what pip cannot bring: a C++ compiler and Perl (needed), Icarus Verilog (a second simulator).
set -euo pipefail

has() { command -v "$1" >/dev/null; }
has_icarus() { { has iverilog && has vvp; } || [ -x .venv/icarus/bin/vvp ]; }

wanted=()
has g++ || wanted+=(g++)
has perl || wanted+=(perl)
has_icarus || wanted+=(iverilog)
[ ${#wanted[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" != 0 ]; then root=(sudo -n); fi
if has apt-get && { [ ${#root[@]} -eq 0 ] || sudo -n true 2>/dev/null; }; then
  echo "Installing ${wanted[*]} with apt-get"
  {
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${wanted[@]}"
  } >/dev/null 2>&1 || echo "apt-get could not install ${wanted[*]}" >&2
fi

has_icarus || echo "Notice: Icarus Verilog is absent, so its tests are skipped. Install it as root: \
apt-get install iverilog" >&2
missing=()
has g++ || missing+=(g++)
has perl || missing+=(perl)
[ ${#missing[@]} -eq 0 ] || {
  echo "${missing[*]} needed but absent. Install as root: apt-get install ${missing[*]}" >&2
  exit 1
}
