"""The command ``fastcnn``, or ``python -m fastcnn``: a file for each command, imported when it is called."""

from fastcnn.cli.main import main

__all__ = ["main"]
