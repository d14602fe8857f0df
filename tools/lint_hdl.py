"""Verilator -Wall over every module in hdl/, each taken as top with its default parameters."""

import subprocess
import sys

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_dir, hdl_modules
from lmu_hls.toolchain import need, simulator_env


def main() -> int:
    """Lint all modules; the exit status is 1 when one has a warning."""
    folder = hdl_dir()
    try:
        verilator = need("verilator").path
    except LmuHlsError as error:
        print(error, file=sys.stderr)
        return 1
    command = [str(verilator), "--lint-only", "-Wall", "--quiet"]
    for subject in sorted({path.parent for path in hdl_modules().values()}):
        command += ["-y", str(subject)]
    env = simulator_env("verilator")
    failed = []
    for module, path in hdl_modules().items():
        lint = subprocess.run([*command, "--top-module", module, str(path)], env=env, cwd=folder)
        if lint.returncode:
            failed.append(path.name)
    if not hdl_modules():
        print(f"{folder} holds no Verilog", file=sys.stderr)
        return 1
    if failed:
        print(f"Verilator lint: {', '.join(failed)} failed", file=sys.stderr)
        return 1
    print(f"Verilator lint: {len(hdl_modules())} modules clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
