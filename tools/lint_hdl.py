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
    failed = [
        module.name
        for module in modules
        if subprocess.run(
            [str(verilator), "--lint-only", "-Wall", "--language", "1364-2005", "-y", str(folder)]
            + ["--top-module", module.stem, str(module)],
            env=simulator_env("verilator"),
            cwd=folder,
        ).returncode
    ]
    if failed:
        print(f"Verilator lint: {', '.join(failed)} failed", file=sys.stderr)
        return 1
    print(f"Verilator lint: {len(modules)} modules clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
