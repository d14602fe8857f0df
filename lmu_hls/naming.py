"""Names and text of others, made safe for the files that are generated: the one place that does it.

A Keras model may call its layers anything, and whoever made it may not be a friend. A name goes into a generated file
in one of two ways:

- as an identifier, by :func:`identifiers`: ASCII letters, digits and '_', distinct, short enough for a file's name. A
  name that is one already stays as it is;
- as text for the reader, by the function of the language: :func:`source_text` for comments and string literals of C++,
  Verilog, Make and Tcl, :func:`markdown`, :func:`markdown_code`, :func:`html`, :func:`yaml`, :func:`visible` for the
  screen. Ordinary text stays as it is.

A path that was read from a file goes through :func:`contained`.
"""

from __future__ import annotations

import hashlib
import html as _html
import ntpath
import os
import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from lmu_hls.errors import LmuHlsError

MAX_LENGTH = 64  # of an identifier: prefix and suffix must still fit the 255 bytes of a file's name
_CPP_KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype
    default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int
    long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template
    this thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile
    wchar_t while xor xor_eq
"""
# Words that the C++ of an hls4ml project, its bridge and its test bench use themselves, and macros in small letters.
_CPP_WORDS = """
    ac_channel ac_fixed ac_int allocate_trace_storage ap_axis ap_axiu ap_bigint ap_biguint ap_fixed ap_int ap_ufixed
    ap_uint atof cin collect_trace_output component const_size_in_1 const_size_out_1 cout cstr current d
    dump_tb_inputs_double dump_tb_inputs_float e endl errno fin fout fpr free free_trace_storage get_weights_dir
    getline hls hls_component_ii hls_max_concurrency hls_register hls_scheduler_target_fmax_mhz i ihc
    ihc_hls_component_run_all ihc_hls_enqueue ii iline in in_begin in_end in_size input_data j k linux
    loaded_weights main malloc math_errhandling myproject myproject_double myproject_float nextToken nnet
    num_iterations output_data outputs pline pr predictions ptr s_weights_dir sched_priority size_t std stderr stdin
    stdout str stream stream_in stream_out strtok tb_in tb_out trace_data trace_outputs unix use_random
"""
CPP_WORDS = frozenset((_CPP_KEYWORDS + _CPP_WORDS).split())
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MACRO = re.compile(r"[A-Z][A-Z0-9]+|[A-Z]+[A-Z0-9]*_\w*")  # as the C and C++ libraries write theirs
_ORDINARY = re.compile(r"[A-Za-z0-9_ .:,+=()-]")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))  # categories of characters that one cannot see
_MARKDOWN = re.compile(r"([\\`*<|\[\]~&$#]|(?<![^\W_])_|_(?![^\W_]))")


def is_identifier(name: str) -> bool:
    """Whether ``name`` has the form of an identifier: ASCII letters, digits and '_', a letter first, not too long."""
    return len(name) <= MAX_LENGTH and bool(_IDENTIFIER.fullmatch(name))


def identifier(name: str) -> str:
    """``name`` as an identifier: other characters become '_', and a letter comes first.

    It may be a keyword: what is generated has more behind it (``name_top``), or asks :func:`cpp_parameter`. Two
    names may become the same one: where there are several, use :func:`identifiers`.
    """
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not clean[:1].isalpha():
        clean = f"lmu_{clean}"
    if len(clean) <= MAX_LENGTH:
        return clean
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean[: MAX_LENGTH - 9]}_{digest}"


def identifiers(names: Iterable[str], taken: Collection[str] = ()) -> tuple[str, ...]:
    """An identifier for each of ``names``, all distinct, also without regard to case, and none of ``taken``.

    The same names give the same identifiers. Names that are identifiers already come first, and keep theirs.
    """
    wanted = list(names)
    used = {word.casefold() for word in taken}
    made: dict[int, str] = {}
    first = {name.casefold(): k for k, name in reversed(list(enumerate(wanted))) if is_identifier(name)}
    for k in sorted(range(len(wanted)), key=lambda k: first.get(wanted[k].casefold()) != k):
        made[k] = unique(identifier(wanted[k]), used)
        used.add(made[k].casefold())
    return tuple(made[k] for k in range(len(wanted)))


def unique(name: str, used: Collection[str]) -> str:
    """``name``, or ``name`` with the first number from 2 up at its end that ``used`` (in small letters) lacks."""
    if name.casefold() not in used:
        return name
    return next(made for k in range(2, len(used) + 3) if (made := f"{name}_{k}").casefold() not in used)


def cpp_parameter(name: str, taken: Collection[str]) -> str:
    """The name of a tensor as a parameter of hls4ml's top function, in whose files the words ``taken`` are used.

    A name that could mean something else there gets 'input_' in front.
    """
    used = {word.casefold() for word in taken}
    free = is_identifier(name) and name not in CPP_WORDS and not name.endswith(("_t", "_ap"))
    if free and not _MACRO.fullmatch(name) and name not in taken:
        return name
    made = f"input_{identifier(name)}"
    return unique(f"{made}_" if made.endswith(("_t", "_ap")) else made, used)


def source_text(text: str) -> str:
    r"""``text`` inside a comment of one line or a string literal of C++ or Verilog, and in quotes of Make and Tcl.

    Letters, digits and a few signs stay; every other byte of the UTF-8 becomes ``\ooo``, which a string literal of
    C++ turns back. There is no line break, quote, '$', '%', '?', '/' or backquote left, and no '\' at the end.
    """
    return "".join(
        char
        if _ORDINARY.fullmatch(char)
        else "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in text
    )


def visible(text: str) -> str:
    r"""``text`` with every character that one cannot see as an escape of Python (``\n``, ``\x1b``, ``\u2028``).

    Also a '\' and blanks at both ends, so that nothing is lost: ``codecs.decode(..., "unicode_escape")`` of the ASCII
    form gives the text back.
    """
    inner = "".join(map(_escaped, text))
    stripped = inner.strip(" ")
    if not stripped:
        return "\\x20" * len(inner)
    before = len(inner) - len(inner.lstrip(" "))
    return "\\x20" * before + stripped + "\\x20" * (len(inner) - before - len(stripped))


def _escaped(char: str) -> str:
    category = unicodedata.category(char)
    if char == "\\":
        return "\\\\"
    if category in _HIDDEN or (category == "Zs" and char != " "):
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, _code(char))
    return char


def _code(char: str) -> str:
    point = ord(char)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def markdown(text: object) -> str:
    """Text in a line or a table's cell of Markdown: what would be a mark there, or HTML, stands for itself."""
    return _MARKDOWN.sub(r"\\\1", visible(str(text)))


def markdown_code(text: object) -> str:
    """Text of a table's cell set as code: in backquotes, of which it may hold some itself."""
    shown = visible(str(text)).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", shown)), default=0)
    if not longest:
        return f"`{shown}`" if shown else ""
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}"


def html(text: object) -> str:
    """Text in HTML or XML, also within quotes."""
    return _html.escape(visible(str(text)))


def yaml(text: str) -> str:
    """Text as a scalar of YAML: as it is where that is beyond doubt, else in double quotes."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]*[A-Za-z0-9]", text)
    if plain and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null"):
        return text
    return '"' + "".join(char if " " <= char <= "~" and char not in '"\\' else _code(char) for char in text) + '"'


def printable(name: str) -> bool:
    """Whether UTF-8 can hold ``name``: JSON can also hold halves of characters, which no file of text can."""
    return not any(unicodedata.category(char) == "Cs" for char in name)


def contained(root: Path, name: str, what: str) -> Path:
    """``root / name``, for a ``name`` that was read from the file ``what``.

    Raises LmuHlsError unless it is a relative path that stays below ``root``, also through symbolic links.
    """
    path = PurePosixPath(name)
    inside = name and "\0" not in name and "\\" not in name and not ntpath.splitdrive(name)[0]
    if not inside or path.is_absolute() or ".." in path.parts or not path.parts:
        raise LmuHlsError(f"{what} names {name!r}, which is no path below {root}; convert the model again")
    whole = root / path
    below = os.path.join(os.path.realpath(root), "")  # noqa: PTH118 - pathlib takes five times as long
    if not os.path.realpath(whole).startswith(below):
        raise LmuHlsError(f"{what} names {name!r}, which leads out of {root}; convert the model again")
    return whole
