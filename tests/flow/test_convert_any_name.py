"""Any text as the name of a model, a layer, an input: the same C++ but for comments, and Verilog that elaborates."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st

from lmu_hls import flow, naming
from lmu_hls.errors import LmuHlsError
from lmu_hls.report import to_markdown, write_report
from tests.hls.test_names import COMMAND, assert_elaborates, small
from tests.test_naming import NASTY

PHASES = (Phase.explicit, Phase.generate)  # each example is a conversion: a failing one is not made smaller
BACKSLASH = "x\\"
COMMENT = re.compile(r" *//(?:[^\n\r]*\\\n)*[^\n\r]*")  # which a backslash at its end carries on
NAMES = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/{}\0"), min_size=1, max_size=40)
    | st.text("\\|`*_<>&#$\n\r\t aZ9\u2028\"'%?;()", min_size=1, max_size=12)
    | st.sampled_from([name for name in (*NASTY, COMMAND, "lmu", "clk", "w4") if name and not set(name) & set("/{}\0")])
)


def code_of(project: Path) -> dict[str, str]:
    """The C++ of a project without comments, the input's name and the stamp."""
    top = (project / "firmware" / "lmu.h").read_text()
    found = re.search(r"input_t (\w+)\[", re.sub(r"//.*", "", top))
    assert found is not None, top
    files = sorted([*(project / "firmware").glob("*.[ch]*"), *project.glob("*.cpp")])
    texts = {file.name: COMMENT.sub("", file.read_bytes().decode()) for file in files}
    # Not in strings: a folder of the project can have the input's name, and #include names it
    name_or_string = re.compile(rf'"[^"\n]*"|\b{found[1]}((?:_ap)?)\b')
    plain = {
        name: name_or_string.sub(lambda at: at[0] if at[1] is None else f"INPUT{at[1]}", text)
        for name, text in texts.items()
    }
    # The one type that hls4ml calls after a layer here: the unused table of relu
    return {name: re.sub(r"\b(?:\w+_relu|layer4)_table_t\b", "RELU_TABLE", text) for name, text in plain.items()}


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("ordinary") / "out"
    flow.convert(small(), root)
    return code_of(root / "hls")


def check(names: list[str], ordinary: dict[str, str]) -> None:
    """Convert the small model with these names for LMU, head, input and model, and check all that is generated."""
    folder = Path(tempfile.mkdtemp())
    try:
        flow.convert(small(*names), folder / "out")
        assert code_of(folder / "out" / "hls") == ordinary
        assert_elaborates(folder / "out" / "verilog")
        (core,) = (folder / "out" / "verilog").glob("*.core")
        assert "rtl" in yaml.safe_load(core.read_text().partition("\n")[2])["filesets"]
        text = to_markdown(write_report(folder / "out"))
        assert text.startswith(f"# {naming.markdown(names[3])}\n")
        assert f"| {naming.markdown(names[0])} | LMU | 3 |" in text and not set(text) - {"\n"} & set("\r\x1b\u2028\x85")
        assert not list(folder.rglob("PWN*"))
    finally:
        shutil.rmtree(folder)


@settings(max_examples=6, deadline=None, phases=PHASES)
@given(st.lists(NAMES, min_size=4, max_size=4))
@example(["lmu", "head", "firmware", "small"])
def test_any_names(ordinary: dict[str, str], names: list[str]) -> None:
    _any_names(ordinary, names)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, phases=PHASES)
@given(st.lists(NAMES, min_size=4, max_size=4))
def test_many_names(ordinary: dict[str, str], names: list[str]) -> None:
    _any_names(ordinary, names)


def _any_names(ordinary: dict[str, str], names: list[str]) -> None:
    assume(len({name.lower() for name in names[:3]}) == 3 and not set(names) & set("input"))
    check(names, ordinary)


@pytest.mark.parametrize("name", [COMMAND, BACKSLASH])
def test_a_name_that_is_not_escaped_is_found(
    monkeypatch: pytest.MonkeyPatch, ordinary: dict[str, str], name: str
) -> None:
    from lmu_hls.hls import names as hls_names  # after hls4ml, which registers it

    check([f"{k}{name}" for k in "lhim"], ordinary)
    monkeypatch.setattr(hls_names, "source_text", lambda text: text)
    with pytest.raises(AssertionError):
        check([f"{k}{name}" for k in "lhim"], ordinary)


BRACES = ("{0.__class__}", "a{index:99999999999}", "}", "{{7*7}}")
HOPELESS = [(name, part) for name in (*BRACES, "nul\0") for part in range(3)] + [
    ("nul\0", 3),
    ("half\ud800", 3),
]


@pytest.mark.parametrize(("name", "part"), HOPELESS)
def test_names_that_cannot_be_made_safe(tmp_path: Path, name: str, part: int) -> None:
    """hls4ml takes names for format strings; no file of text or weights holds the others."""
    names = ["lmu", "head", "inputs", "small"]
    names[part] = name
    with pytest.raises(LmuHlsError, match=r"rename the (layer|model)$"):
        flow.convert(small(*names), tmp_path / "out")
    assert not (tmp_path / "out").exists()
