"""Writes cython_kernels.pxd and .pyx from the C headers, so that they are never out of step.

usage: generate_cython.py INCLUDE_DIR OUTPUT_DIR

Every type of fastcnn.h is declared, every function is exported under its C name as a ``noexcept nogil`` cdef function,
in the way of scipy.linalg.cython_blas: a module that cimports it needs the header, but does not link libfastcnn. The
headers hold plain C on purpose: enums, structs of plain fields, prototypes marked FASTCNN_API. All else is an error.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

PXD_HEAD = '''"""The C API of fastcnn for Cython: from fastcnn.cython_kernels cimport fastcnn_conv2d

Generated from fastcnn.h, which documents the functions. Compile with fastcnn.get_include(); nothing has to be linked.
"""
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

'''
PYX_HEAD = '''# cython: language_level=3
"""The C API of fastcnn for other Cython modules; see cython_kernels.pxd and fastcnn.h."""

'''


@dataclass
class Header:
    constants: list[str] = field(default_factory=list)
    enums: list[tuple[str, list[str]]] = field(default_factory=list)
    structs: list[tuple[str, list[str]]] = field(default_factory=list)
    functions: list[tuple[str, str, list[tuple[str, str]]]] = field(
        default_factory=list
    )  # returns, name, [(type, name)]


def parse(text: str, defines: dict[str, str], header: Header) -> None:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", " ", text)
    for name, value in re.findall(r"^\s*#define (FASTCNN_[A-Z0-9_]+) (\d+)\s*$", text, flags=re.M):
        defines[name] = value
        header.constants.append(name)
    text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M)
    text = re.sub(r'extern "C" \{', "", text).rstrip().removesuffix("}")

    def enum(match: re.Match[str]) -> str:
        header.enums.append((match[3], [item.split("=")[0].strip() for item in match[2].split(",") if item.strip()]))
        return ""

    def struct(match: re.Match[str]) -> str:
        fields = [expand(line.strip(), defines) for line in match[2].split(";") if line.strip()]
        header.structs.append((match[3], [one for line in fields for one in separate(line)]))
        return ""

    def function(match: re.Match[str]) -> str:
        arguments = " ".join(match[3].split())
        parameters = [] if arguments in ("", "void") else [parameter(a.strip()) for a in arguments.split(",")]
        header.functions.append((" ".join(match[1].split()), match[2], parameters))
        return ""

    text = re.sub(r"typedef enum (\w*)\s*\{([^}]*)\}\s*(\w+)\s*;", enum, text)
    text = re.sub(r"typedef struct (\w*)\s*\{([^}]*)\}\s*(\w+)\s*;", struct, text)
    text = re.sub(r"FASTCNN_API\s+([\w\s*]+?)\s*(\bfastcnn_\w+)\s*\(([^()]*)\)\s*;", function, text)
    if text.strip():
        raise SystemExit(f"generate_cython: cannot read this part of the headers: {text.strip()[:200]}")


def expand(line: str, defines: dict[str, str]) -> str:
    return re.sub(r"\[(\w+)\]", lambda m: f"[{defines.get(m[1], m[1])}]", " ".join(line.split()))


def separate(line: str) -> list[str]:
    """``int64_t n, h[2]`` as one field each; a pointer's star belongs to its own name."""
    first, *others = [part.strip() for part in line.split(",")]
    match = re.fullmatch(r"(.*?[\w*])\s*(\**\s*\w+(?:\[\d+\])*)", first)
    assert match, line
    kind = re.sub(r"[\s*]+$", "", match[1])
    return [first, *(f"{kind} {other}" for other in others)]


def parameter(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*?[\s*])(\w+)((?:\[\w*\])?)", text)
    if not match:
        raise SystemExit(f"generate_cython: a parameter without a name: {text!r}")
    return match[1].strip() + ("*" if match[3] else ""), match[2]


def safe(name: str) -> str:
    """C names that are words of Python get an underscore."""
    return name + "_" if name in {"in", "lambda", "is", "from", "with", "def", "None", "pass", "print"} else name


def read(include: Path) -> Header:
    header, defines = Header(), {}  # type: tuple[Header, dict[str, str]]
    parts = re.findall(r'#include "(fastcnn/\w+\.h)"', (include / "fastcnn.h").read_text())
    for part in parts:
        parse((include / part).read_text(), defines, header)
    return header


def declaration(returns: str, name: str, parameters: list[tuple[str, str]]) -> str:
    return f"{returns} {name}({', '.join(f'{kind} {safe(word)}' for kind, word in parameters)})"


def pxd(header: Header) -> str:
    lines = ['cdef extern from "fastcnn.h" nogil:']
    if header.constants:
        lines += ["    enum:", *(f"        {name}" for name in header.constants)]
    for name, items in header.enums:
        lines += [f"    ctypedef enum {name}:", *(f"        {item}" for item in items)]
    for name, fields in header.structs:
        lines += [f"    ctypedef struct {name}:", *(f"        {line}" for line in fields)]
    exports = [f"cdef {declaration(*f)} noexcept nogil" for f in header.functions]
    return PXD_HEAD + "\n".join(lines) + "\n\n" + "\n".join(exports) + "\n"


def pyx(header: Header) -> str:
    lines = ['cdef extern from "fastcnn.h" nogil:']
    for returns, name, parameters in header.functions:
        lines.append(f'    {returns} c_{name} "{name}"({", ".join(kind for kind, _ in parameters)}) noexcept')
    for returns, name, parameters in header.functions:
        call = f"c_{name}({', '.join(safe(word) for _, word in parameters)})"
        body = call if returns == "void" else f"return {call}"
        lines += ["", f"cdef {declaration(returns, name, parameters)} noexcept nogil:", f"    {body}"]
    return PYX_HEAD + "\n".join(lines) + "\n"


def main(include: str, output: str) -> None:
    header = read(Path(include))
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").touch()  # makes the folder a package, so that Cython pairs the two files
    (folder / "cython_kernels.pxd").write_text(pxd(header))
    (folder / "cython_kernels.pyx").write_text(pyx(header))


if __name__ == "__main__":
    main(*sys.argv[1:])
