"""The library with AddressSanitizer and UndefinedBehaviorSanitizer: thousands of valid calls, no report.

The build (two minutes, the first time) is kept in build/sanitize. FASTCNN_SKIP_SANITIZE=1 leaves this out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_guard import HERE

ROOT = HERE.parent
BUILD = ROOT / "build" / "sanitize"
ROUNDS = 20  # calls of each function on each instruction set

pytestmark = [
    pytest.mark.skipif("FASTCNN_SKIP_SANITIZE" in os.environ, reason="FASTCNN_SKIP_SANITIZE is set"),
    pytest.mark.skipif(not (ROOT / "CMakeLists.txt").exists(), reason="needs the source tree"),
    pytest.mark.skipif(not all(map(shutil.which, ("cmake", "g++"))), reason="needs cmake and g++"),
]


def shared(name: str) -> str:
    return subprocess.run(
        ["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def package() -> Path:
    """A copy of the package whose extension module and library are built with sanitizers."""
    options = ["-DFASTCNN_SANITIZE=address,undefined", "-DSKBUILD=ON"]
    options += [f"-DPython_EXECUTABLE={sys.executable}", "-Wno-dev"]
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    if shutil.which("ninja") and not (BUILD / "Makefile").exists():
        options.append("-GNinja")
    jobs = str(len(os.sched_getaffinity(0)))
    for command in (
        ["cmake", "-S", str(ROOT), "-B", str(BUILD), *options],
        ["cmake", "--build", str(BUILD), "--target", "_core", "-j", jobs],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout[-5000:]
    folder = BUILD / "package" / "fastcnn"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "fastcnn", folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (module,) = BUILD.glob("_core.*.so")
    shutil.copy(module, folder)
    return folder.parent


def drive(package: Path, *arguments: object) -> tuple[int, str]:
    path = os.pathsep.join([str(package), str(HERE), *(p for p in sys.path if p)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "LD_PRELOAD": f"{shared('libasan.so')} {shared('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own are many
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    done = subprocess.run(
        [sys.executable, "-P", str(HERE / "sanitize_driver.py"), *(str(a) for a in arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=package,
    )
    return done.returncode, done.stdout


def test_valid_calls(package: Path) -> None:
    status, output = drive(package, ROUNDS)
    assert output.startswith(str(package)), f"another build was tested: {output[:200]}"
    assert status == 0 and "calls done" in output and "runtime error" not in output, output[-5000:]
    assert int(output.splitlines()[-1].split()[0]) >= 2000


def test_one_float_past_the_end_is_reported(package: Path) -> None:
    """The canary: a sanitizer that is not at work would let this pass."""
    status, output = drive(package, "overrun", BUILD / "libfastcnn.so")
    assert status != 0 and "heap-buffer-overflow" in output, output
