"""What the user may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

ENOUGH = 0.6  # of difflib's measure, where 1 is equality


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is most like, but for case, or None where none is like it."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=ENOUGH)
    return by_lower[found[0]] if found else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, or else all of them."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known are {', '.join(names)}" if names else "none is known here"
