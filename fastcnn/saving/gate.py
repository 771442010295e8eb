"""The allocation gate: every byte that a file makes us allocate is asked for here first."""

from typing import Any

__all__ = ["LIMIT_FACTOR", "SLACK", "FileFormatError", "Source", "admit", "parse_json"]

LIMIT_FACTOR = 2
SLACK = 64 << 20
_NODE = 96  # what Python needs for one more value of a JSON document, about


class FileFormatError(ValueError):
    """The file is damaged, is not of the format that its name says, or tries to do what data must not do."""


class Source:
    """A file that is being read: what it is called in messages, how large it is, what it was given so far.

    Args:
        name: for messages.
        size: in bytes, as stored.

    Example:
        >>> Source("model.npz", size=1000).limit
        67110864
    """

    def __init__(self, name: Any, size: int):
        self.name, self.size, self.admitted = str(name), int(size), 0

    @property
    def limit(self) -> int:
        """Twice the size of the file and 64 MiB."""
        return LIMIT_FACTOR * self.size + SLACK

    def refuse(self, why: str) -> FileFormatError:
        """The error to raise."""
        return FileFormatError(f"{self.name}: {why}")


def admit(nbytes: int, source: Source, what: str = "it") -> int:
    """Lets an allocation pass, or refuses it: a file may ask for twice its own size and 64 MiB, all together.

    Args:
        nbytes: to be allocated.
        source: the file that asks.
        what: for the message: the tensor, the member of an archive.

    Returns:
        ``nbytes``.

    Example:
        >>> small = Source("small.npz", size=1000)
        >>> admit(4000, small)
        4000
        >>> admit(1 << 40, small, "'kernel'")
        Traceback (most recent call last):
        fastcnn.saving.gate.FileFormatError: small.npz: 'kernel' asks for 1099511627776 bytes, but a file of...
    """
    if nbytes < 0 or source.admitted + nbytes > source.limit:
        raise source.refuse(
            f"{what} asks for {nbytes} bytes, but a file of {source.size} bytes may have {source.limit} in all "
            f"({source.admitted} are given already); it is damaged or made to exhaust memory"
        )
    source.admitted += nbytes
    return nbytes


def parse_json(text: bytes | str, source: Source, what: str) -> Any:
    """A JSON document of a file; refuses repeated keys, broken UTF-8, too many values, too deep nesting.

    Args:
        text: the document.
        source: the file it is from.
        what: what the document is called in messages.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            raise source.refuse(f"{what} is no valid JSON: {error}") from None
    import json

    admit(4 * len(text) + _NODE * sum(text.count(c) for c in ",[{"), source, what)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise source.refuse(f"{what} is nested too deeply") from None
    except ValueError as error:
        raise source.refuse(f"{what} is no valid JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} occurs twice")
    return found
