"""The templates of a written project, and the filters by which names and text of a model enter them."""

from __future__ import annotations

from typing import Any

import jinja2

from lmu_hls import naming
from lmu_hls.rtl.copies import SPDX

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("lmu_hls.rtl"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.globals["spdx"] = SPDX
for _filter in (naming.markdown, naming.source_text, naming.yaml):
    _TEMPLATES.filters[_filter.__name__] = _filter


def render(template: str, **facts: Any) -> str:
    """The text that ``templates/<template>`` makes of ``facts``; a fact that it lacks is an error."""
    return _TEMPLATES.get_template(template).render(**facts)
