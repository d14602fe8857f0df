"""Names can be searched: no function, method or parameter of the package is called by a word of every sentence."""

import ast
from pathlib import Path

import pytest

import lmu_hls

WORDS = frozenset({"of", "made", "found", "given", "wanted"})
PACKAGE = Path(lmu_hls.__file__).parent


def unsearchable(text: str) -> list[str]:
    """Functions, methods and their parameters in the source ``text`` that have one of the names, with their lines."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            names += [f"{node.lineno}: {name}" for name in (node.name, *(p.arg for p in parameters)) if name in WORDS]
    return names


def test_names_can_be_searched() -> None:
    sources = {path: unsearchable(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    assert len(sources) > 100
    assert {str(path): names for path, names in sources.items() if names} == {}


@pytest.mark.parametrize("fault", ["def of(x): ...", "def f(made): ...", "class A:\n    def f(self, *, wanted): ..."])
def test_seeded_faults_are_found(fault: str) -> None:
    assert len(unsearchable(fault)) == 1
