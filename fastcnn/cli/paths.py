"""``--includes``, ``--libs`` and others: for those who build against the C API."""

import argparse
import shlex
from typing import Any

from fastcnn import config

__all__ = ["add_options", "text"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Puts the options on the command itself."""
    parser.add_argument("--includes", action="store_true", help="compiler flags for fastcnn.h")
    parser.add_argument("--libs", action="store_true", help="linker flags for libfastcnn")
    parser.add_argument("--cmakedir", action="store_true", help="what CMake wants as fastcnn_DIR")
    parser.add_argument("--pkgconfigdir", action="store_true", help="what pkg-config wants in PKG_CONFIG_PATH")


def text(options: Any) -> str:
    """What was asked for, a line each."""
    lines = []
    if options.includes:
        lines.append("-I" + shlex.quote(config.get_include()))
    if options.libs:
        folder = shlex.quote(config.get_library_dir())
        lines.append(f"-L{folder} -lfastcnn -Wl,-rpath,{folder}")
    if options.cmakedir:
        lines.append(config.get_cmake_dir())
    if options.pkgconfigdir:
        lines.append(config.get_pkgconfig_dir())
    return "\n".join(lines)
