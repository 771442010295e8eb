"""Writes fastcnn/_core.pyi: the types of the extension module, as pybind11-stubgen reads them from it.

usage: generate_stubs.py OUTPUT
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = "# The bindings of fastcnn.h. Generated from the module: make stubs\n"


def stubs() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "pybind11_stubgen", "fastcnn._core", "-o", folder]
        subprocess.run(command, check=True, capture_output=True)
        text = Path(folder, "fastcnn/_core.pyi").read_text()
    text = re.sub(r'^"""\n.*?\n"""\n', "", text, count=1, flags=re.DOTALL)
    text = text.replace("from __future__ import annotations\n", "")
    text = re.sub(r"\btuple\b(?!\[)", "tuple[typing.Any, ...]", text)
    text = re.sub(r"\blist\b(?!\[)", "list[typing.Any]", text)
    text = text.replace("numpy.ndarray", "numpy.ndarray[typing.Any, typing.Any]")
    return HEAD + text


def main(output: str) -> None:
    Path(output).write_text(stubs())


if __name__ == "__main__":
    main(sys.argv[1])
