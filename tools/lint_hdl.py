"""Verilator -Wall over every module in hdl/, each taken as top with its default parameters."""

import subprocess
import sys

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_dir
from lmu_hls.toolchain import need, simulator_env


def main() -> int:
    """Lint all modules; the exit status is 1 when one has a warning."""
    folder = hdl_dir()
    modules = sorted(folder.glob("*.v"))
    try:
        verilator = need("verilator").path
    except LmuHlsError as error:
        print(error, file=sys.stderr)
        return 1
    command = [str(verilator), "--lint-only", "-Wall", "--quiet", "-y", str(folder)]
    env = simulator_env("verilator")
    failed = []
    for module in modules:
        lint = subprocess.run([*command, "--top-module", module.stem, str(module)], env=env, cwd=folder)
        if lint.returncode:
            failed.append(module.name)
    if not modules:
        print(f"{folder} holds no Verilog", file=sys.stderr)
        return 1
    if failed:
        print(f"Verilator lint: {', '.join(failed)} failed", file=sys.stderr)
        return 1
    print(f"Verilator lint: {len(modules)} modules clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
