"""``fastcnn bench``: how fast are the kernels here?"""

from typing import Any

from fastcnn.cli.numbers import positive

__all__ = ["add", "run"]


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser("bench", help="what this machine can do, and how much of it the kernels reach")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument("--seconds", type=positive, default=0.3, help="time for each measurement (%(default)s)")
    parser.set_defaults(run=run)


def run(options: Any) -> int:
    """Measures and prints."""
    from fastcnn import quickbench

    return quickbench.main(options.seconds, options.json)
