"""What a file holds that was taken for a model, weights or an image: the usual failures of getting it."""

__all__ = ["mistaken"]


def mistaken(head: bytes) -> str:
    """What a file is, in words, where its first bytes say that it is not what was fetched; "" elsewhere.

    Args:
        head: the first bytes, a hundred or so.

    Example:
        >>> mistaken(b"<!DOCTYPE html><html>Not Found</html>")
        'this is a web page, as servers send in place of a file that they do not have; download it again'
        >>> mistaken(b"GIF89a")
        ''
    """
    if not head:
        return "the file is empty"
    if head.startswith(b"version https://git-lfs"):
        return "this is a pointer of Git LFS, not the file itself; `git lfs pull` fetches it"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "this is a web page, as servers send in place of a file that they do not have; download it again"
    return ""
