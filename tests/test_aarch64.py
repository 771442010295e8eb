"""The library built for aarch64 and run in emulation: the same bits as here."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

import fastcnn
from fastcnn import _core

HERE = Path(__file__).parent
ARCHIVE = Path(fastcnn.get_library_dir()) / "libfastcnn.a"
COMPILER = "aarch64-linux-gnu-g++"
EMULATOR = next(filter(shutil.which, ("qemu-aarch64", "qemu-aarch64-static")), None)
FUSED = [isa for isa in _core.available_isas() if isa != "base"]

pytestmark = [
    pytest.mark.skipif(
        not (EMULATOR and all(map(shutil.which, (COMPILER, "cmake", "gcc")))),
        reason=f"needs cmake, gcc, {COMPILER} and qemu-aarch64",
    ),
    pytest.mark.skipif(platform.machine() != "x86_64" or not FUSED, reason="compares with AVX2"),
    pytest.mark.skipif(not ARCHIVE.exists(), reason="needs the installed package; `make test` has it"),
]


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def program(compiler: str, archive: Path, to: Path) -> Path:
    """tests/bits.c with all that it needs in it: an emulator finds no shared libraries."""
    run(f"{compiler}gcc", "-O1", "-c", HERE / "bits.c", "-I", fastcnn.get_include(), "-o", f"{to}.o")
    run(f"{compiler}g++", "-static", f"{to}.o", archive, "-fopenmp", "-o", to)
    return to


def test_the_same_bits_as_x86(tmp_path: Path) -> None:
    build = tmp_path / "build"
    run(
        "cmake",
        *("-S", HERE.parent, "-B", build, "-DFASTCNN_PYTHON=OFF"),
        "-DCMAKE_CXX_FLAGS_RELEASE=-O1",  # the same bits, built in half the time
        *("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"),
        *("-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc", f"-DCMAKE_CXX_COMPILER={COMPILER}"),
    )
    run("cmake", "--build", build, "--target", "fastcnn_static", "-j", str(os.cpu_count()))
    there = run(EMULATOR, program("aarch64-linux-gnu-", build / "libfastcnn.a", tmp_path / "there")).splitlines()
    here = run(program("", ARCHIVE, tmp_path / "here"), FASTCNN_ISA=FUSED[-1]).splitlines()
    assert len(here) > 100
    assert [line for line, other in zip(there, here, strict=True) if line != other] == []
