"""``fastcnn doctor``: is this installation sound?"""

from typing import Any

__all__ = ["add", "run"]


def add(commands: Any) -> None:
    """The command's options."""
    parser = commands.add_parser("doctor", help="this machine, this installation, and a self-test of the kernels")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(options: Any) -> int:
    """Prints the report; 1 where a check failed."""
    from fastcnn import doctor

    return doctor.main(options.json)
