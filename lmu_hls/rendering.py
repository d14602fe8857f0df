"""The templates of generated files, and the filters by which names and text of a model enter them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from lmu_hls import naming

SPDX = "SPDX-License-Identifier: Apache-2.0"
PACKAGE = Path(__file__).parent
FILTERS: tuple[Callable[..., str], ...] = (naming.html, naming.markdown, naming.source_text, naming.yaml)


def environment(folder: str, **options: Any) -> jinja2.Environment:
    """The templates in a ``folder`` of the package, with jinja's ``options``; a fact that one lacks is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PACKAGE / folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    made.globals["spdx"] = SPDX
    made.filters |= {function.__name__: function for function in FILTERS}
    return made


@cache
def _templates(folder: str) -> jinja2.Environment:
    return environment(f"{folder}/templates")


def render(folder: str, template: str, **facts: Any) -> str:
    """The text that the template of that name in ``folder``/templates makes of ``facts``."""
    return _templates(folder).get_template(f"{template}.jinja").render(**facts)
