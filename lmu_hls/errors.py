"""The one exception whose text is meant for the user."""


class LmuHlsError(Exception):
    """Something the user can mend: the text names the cause first, then the remedy."""
