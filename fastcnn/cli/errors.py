"""What the reader of a command line is told of an error."""

__all__ = ["one_line"]

LONGEST = 800  # characters of a message: an unexpected one may hold a whole array


def one_line(error: BaseException) -> str:
    """What an error says, on one line.

    Example:
        >>> one_line(FileNotFoundError(2, "No such file or directory", "cat.png")), one_line(ValueError("a\\n  b"))
        ('cat.png: No such file or directory', 'a b')
    """
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    words = " ".join(str(error).split())
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
    if isinstance(error, MemoryError):
        return f"not enough memory{': ' * bool(words)}{words}"
    expected = (ValueError, OSError, ImportError, NotImplementedError, RuntimeError)
    return words if words and isinstance(error, expected) else f"{type(error).__name__}: {words}".rstrip(": ")
