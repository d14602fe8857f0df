"""Names and text of others: identifiers are legal and distinct, text stays text, paths stay inside."""

import codecs
import re
import subprocess

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lmu_hls import naming
from lmu_hls.errors import LmuHlsError

NASTY = (
    '', ' ', 'a\nb', 'a\r\nb', 'a\rb', 'x\u2028y', 'x\u2029y', 'x\x85y', 'nul\x00x', 'end\\', '??/', '*/',
    '/*', '"q"', "'", '$(id)', '${X}', '`id`', '%s', '%', '{{7*7}}', '{% x %}', 'a|b', '<script>', '&amp;',
    '&#10;', '#', '# x', '- x', '1. x', '~~x~~', '__x__', '*x*', '_', 'a_b', '[x](y)', '![x](y)',
    'http://a.b', 'a\tb', '\x1b[31m', '\u202eabc', '\xe9', '\u65e5\u672c', '\U0001f600', '\ufeff', '\xa0x',
    'x ', ' x', "a" * 300, 'x: y', 'x #y', 'yes', 'null', '!!python/object', '- ', '\\n', '\\\\', '|', '\\|',
    '``', '`',
)  # fmt: skip
TEXT = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("\\|`*_<>&#[]()~$\n\r\t\0 aZ9\u2028\"'%{}/?-:")
    | st.sampled_from(NASTY)
)
EXAMPLES = settings(max_examples=150, deadline=None)


@EXAMPLES
@given(st.lists(TEXT | st.sampled_from(["lmu", "LMU", "lmu_2", "lmu-2", "lmu 2"]), max_size=8))
def test_identifiers_are_legal_distinct_and_stable(names: list[str]) -> None:
    made = naming.identifiers(names)
    assert made == naming.identifiers(names)
    assert len({name.casefold() for name in made}) == len(names)
    for name, identifier in zip(names, made, strict=True):
        assert re.fullmatch(r"[A-Za-z]\w*", identifier, re.ASCII) and len(identifier) < 80
        if naming.is_identifier(name) and sum(name.casefold() == other.casefold() for other in names) == 1:
            assert identifier == name


@pytest.mark.parametrize("name", ["vowels", "lmu", "lmu_1", "Memory", "x2", "dense_relu", "double", "clk"])
def test_ordinary_names_stay(name: str) -> None:
    texts = (naming.identifier, naming.source_text, naming.visible, naming.markdown, naming.html)
    assert {make(name) for make in texts} == {name} == set(naming.identifiers([name]))
    assert naming.markdown_code(name) == f"`{name}`"


@EXAMPLES
@given(TEXT)
def test_source_text_is_one_line_without_a_mark(text: str) -> None:
    made = naming.source_text(text)
    assert re.fullmatch(r"(?:[A-Za-z0-9_ .:,+=()-]|\\[0-3][0-7][0-7])*", made)
    assert codecs.decode(made, "unicode_escape").encode("latin-1").decode() == text


@EXAMPLES
@given(TEXT)
def test_visible_text_shows_all_and_can_be_read_back(text: str) -> None:
    made = naming.visible(text)
    assert made.isprintable() and made == made.strip()
    ascii_form = "".join(char if char.isascii() else f"\\U{ord(char):08x}" for char in made)
    assert codecs.decode(ascii_form, "unicode_escape") == text


@EXAMPLES
@given(TEXT, TEXT)
def test_markdown_gives_the_text_back(text: str, other: str) -> None:
    """As a heading and in the cells of a table, through a parser of GitHub's Markdown; a cell stays one cell."""
    lines = [f"# {naming.markdown(text)}", "", "| a | b | c |", "|---|---|---|"]
    lines += [f"| {naming.markdown(text)} | {naming.markdown_code(other)} | x{naming.markdown(other)}x |", ""]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse("\n".join(lines))
    inline = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    shown = naming.visible(text), naming.visible(other)
    assert inline == [shown[0], "a", "b", "c", shown[0], shown[1], f"x{shown[1]}x"]
    kinds = {child.type for token in tokens if token.type == "inline" for child in token.children}
    assert kinds <= {"text", "text_special", "code_inline"}


@EXAMPLES
@given(TEXT)
def test_yaml_gives_the_text_back(text: str) -> None:
    document = f"a: {naming.yaml(text)}\nb: [{naming.yaml(text)}, c]\n"
    assert yaml.safe_load(document) == {"a": text, "b": [text, "c"]}


def test_a_string_of_c_gives_the_name_back(tmp_path) -> None:
    names = [name for name in NASTY if "\0" not in name]
    lines = [
        f'    std::fwrite("{text}", 1, sizeof("{text}"), stdout); // {text}' for text in map(naming.source_text, names)
    ]
    source = tmp_path / "main.cpp"
    source.write_text("#include <cstdio>\nint main() {\n" + "\n".join(lines) + "\n}\n")
    subprocess.run(["g++", "-std=c++14", "-o", str(tmp_path / "main"), str(source)], check=True)
    out = subprocess.run([str(tmp_path / "main")], check=True, capture_output=True).stdout
    assert out.decode().split("\0")[:-1] == names


@pytest.mark.parametrize("name", ["", "/etc/passwd", "..", "../x", "a/../../x", "a\0b", "C:/x", "a\\b", ".", "link/x"])
def test_paths_that_lead_out_are_refused(tmp_path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(LmuHlsError, match=r"manifest\.json names"):
        naming.contained(root, name, "manifest.json")


def test_paths_inside(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("a", "a/b c.v", "link/x", "ü"):
        assert naming.contained(tmp_path, name, "manifest.json") == tmp_path / name
