"""Options and commands, and what becomes of errors: an exit code and one line."""

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import fastcnn
from fastcnn.cli import bench, demo, doctor, paths, predict, summary, train
from fastcnn.cli.errors import one_line

__all__ = ["main"]

COMMANDS = (train, predict, summary, doctor, bench, demo)
FAILED, INTERRUPTED = 1, 130

_EPILOG = """exit codes: 0 done, 1 failed (one line on standard error says why), 2 wrong options, 130 interrupted.
FASTCNN_TRACEBACK=1 in the environment shows where an error comes from."""


def main(arguments: list[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: those of the command line unless given.

    Returns:
        The exit code. Wrong options raise ``SystemExit(2)``, as ``argparse`` does.

    Example:
        >>> main(["--version"])
        Traceback (most recent call last):
        SystemExit: 0
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        text = paths.text(options)
        print(text) if text else parser.print_help()
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _show_warning
        return _run(options)


def _parser() -> argparse.ArgumentParser:
    module = Path(sys.argv[0]).name == "__main__.py"
    parser = argparse.ArgumentParser(
        prog="python -m fastcnn" if module else "fastcnn",
        description=fastcnn.__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=fastcnn.__version__)
    paths.add_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="command")
    for module_ in COMMANDS:
        module_.add(commands)
    return parser


def _run(options: Any) -> int:
    for stream in (sys.stdout, sys.stderr):  # names of files may hold bytes that are no characters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("FASTCNN_TRACEBACK"):
            raise
        print(f"fastcnn {options.command}: error: {one_line(error)}", file=sys.stderr)
        return FAILED
    return code


def _show_warning(message: Any, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
