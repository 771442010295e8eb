"""Commands run in this process, and what they say when they fail."""

from typing import Any

import pytest

from fastcnn.cli import main

QUICK = ["--image-size", "8", "--batch-size", "4", "--epochs", "2"]


def run(*arguments: Any) -> int:
    return main([str(argument) for argument in arguments])


def usage_error(capsys: Any, *arguments: Any) -> str:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    return str(capsys.readouterr().err.splitlines()[-1])


def failure(capsys: Any, *arguments: Any) -> str:
    """The one line on standard error of a command that fails."""
    assert run(*arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return str(lines[0])
