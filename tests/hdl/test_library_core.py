"""hdl/lmu_hdl.core lists every module."""

import yaml

from lmu_hls.resources import hdl_dir


def test_every_module_is_listed() -> None:
    marker, text = (hdl_dir() / "lmu_hdl.core").read_text().split("\n", 1)
    core = yaml.safe_load(text)
    assert marker == "CAPI=2:"
    assert core["filesets"]["rtl"]["files"] == sorted(path.name for path in hdl_dir().glob("*.v"))
    assert core["targets"]["default"]["filesets"] == ["rtl"]
