#!/usr/bin/env bash
# Install what pip cannot bring.
#   system_tools.sh compiler      g++ and perl, without which nothing can be verified
#   system_tools.sh python VENV   the shared library of VENV's Python, which cocotb loads into a simulator
#   system_tools.sh icarus VENV   Icarus Verilog, a second simulator; without root it is unpacked into VENV
set -euo pipefail

has() { command -v "$1" >/dev/null; }

can_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Whether apt-get installed all the packages named.
apt_install() {
  has apt-get && can_be_root || return 1
  echo "Installing $* with apt-get"
  as_root apt-get update -qq >/dev/null 2>&1 || true
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1
}

compiler() {
  local missing=()
  has g++ || missing+=(g++)
  has perl || missing+=(perl)
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}" || {
    echo "${missing[*]} needed but absent. Install as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
}

# Debian keeps the library apart from python3.
python() {
  local has_library='import sys; from find_libpython import find_libpython; sys.exit(find_libpython() is None)'
  local package
  "$1/bin/python" -c "$has_library" && return
  package=libpython$("$1/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  apt_install "$package" ||
    echo "Notice: no simulator can run, Python's shared library is absent. As root: apt-get install $package" >&2
}

# Download Debian's package as a plain user, unpack it, and put two small starters into VENV/bin.
icarus_without_root() (
  has apt-get && has dpkg || exit 1
  venv=$(cd "$1" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  apt=(apt-get -qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o Debug::NoLocking=1)
  (cd "$work" && "${apt[@]}" update && "${apt[@]}" download iverilog) >/dev/null 2>&1 || exit 1
  rm -rf "$venv/icarus"
  dpkg -x "$work"/iverilog_*.deb "$venv/icarus" || exit 1
  library=$(echo "$venv"/icarus/usr/lib/*/ivl)
  printf '#!/bin/sh\nexec "%s" -B"%s" "$@"\n' "$venv/icarus/usr/bin/iverilog" "$library" >"$venv/bin/iverilog"
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$venv/icarus/usr/bin/vvp" >"$venv/bin/vvp"
  chmod +x "$venv/bin/iverilog" "$venv/bin/vvp"
  # A library that it needs may be absent, or the path hold a space: then it is of no use.
  echo 'module t; initial $finish; endmodule' >"$work/t.v"
  { "$venv/bin/iverilog" -o "$work/t.vvp" "$work/t.v" && "$venv/bin/vvp" -n "$work/t.vvp"; } >/dev/null 2>&1 || {
    rm -f "$venv/bin/iverilog" "$venv/bin/vvp"
    exit 1
  }
  echo "Unpacked Icarus Verilog into $1, since there is no root to install it"
)

icarus() {
  if { has iverilog && has vvp; } || [ -x "$1/bin/vvp" ]; then return; fi
  apt_install iverilog || icarus_without_root "$1" ||
    echo "Notice: Icarus Verilog is absent, its tests are skipped. Install as root: apt-get install iverilog" >&2
}

case ${1:-} in
  compiler) compiler ;;
  python) python "${2:?usage: tools/system_tools.sh python VENV}" ;;
  icarus) icarus "${2:?usage: tools/system_tools.sh icarus VENV}" ;;
  *) echo "usage: tools/system_tools.sh compiler | python VENV | icarus VENV" >&2; exit 2 ;;
esac
