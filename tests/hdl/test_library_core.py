"""Every module of hdl/ is found by its name, and hdl/lmu_hdl.core lists it."""

import re

import pytest
import yaml

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_dir, hdl_file, hdl_modules, property_modules


def test_every_module_is_found_by_its_name() -> None:
    """One module a file, named after it; no two of one name."""
    files = {**hdl_modules(), **property_modules()}
    assert sorted(files.values()) == sorted(hdl_dir().rglob("*.v"))
    for name, path in files.items():
        assert re.findall(r"^module (\w+)", path.read_text(), re.MULTILINE) == [name]
    assert hdl_file("lmu_fifo") == hdl_dir() / "stream" / "lmu_fifo.v"
    with pytest.raises(LmuHlsError, match="no module lmu_fifa"):
        hdl_file("lmu_fifa")


def test_every_module_is_listed() -> None:
    marker, text = (hdl_dir() / "lmu_hdl.core").read_text().split("\n", 1)
    core = yaml.safe_load(text)
    assert marker == "CAPI=2:"
    assert core["filesets"]["rtl"]["files"] == sorted(
        path.relative_to(hdl_dir()).as_posix() for path in hdl_modules().values()
    )
    assert core["targets"]["default"]["filesets"] == ["rtl"]
