"""The three embedding examples, built against the installed package and run as their users would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastcnn
from fastcnn import cython_kernels

EXAMPLES = Path(__file__).parent.parent / "examples"
INSTALLED = (Path(fastcnn.get_cmake_dir()) / "fastcnnConfig.cmake").exists()
needs_install = pytest.mark.skipif(not INSTALLED, reason="needs the installed package; `make test` has it")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}"
    return done.stdout


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / request.param, tmp_path / request.param))


@needs_install
@pytest.mark.parametrize("example", ["embed_c"], indirect=True)
def test_c_with_cmake(example: Path) -> None:
    build = example / "build"
    run("cmake", "-S", example, "-B", build, f"-Dfastcnn_DIR={fastcnn.get_cmake_dir()}", cwd=example)
    run("cmake", "--build", build, cwd=example)
    for program in ("embed_c", "embed_c_static"):
        printed = run(build / program, cwd=example)
        assert "correct" in printed and "WRONG" not in printed
        assert f"fastcnn {fastcnn.__version__} on" in printed
    printed = run(build / "embed_c_train", cwd=example)
    assert printed.endswith("correct\n") and printed.count("step") == 4


@needs_install
@pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")
@pytest.mark.parametrize("example", ["embed_cpp"], indirect=True)
def test_cpp_with_pkg_config(example: Path) -> None:
    printed = run("make", "run", cwd=example, PKG_CONFIG_PATH=fastcnn.get_pkgconfig_dir())
    assert "correct" in printed and "WRONG" not in printed
    linked = run("ldd", example / "embed_cpp", cwd=example)
    assert "libfastcnn" not in linked, "the static library was meant"


@needs_install
@pytest.mark.parametrize("example", ["embed_cython"], indirect=True)
def test_cython_through_pip(example: Path, tmp_path: Path) -> None:
    pytest.importorskip("scikit_build_core")
    target = tmp_path / "site"
    run(
        *(sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--target", target, "."),
        cwd=example,
    )
    printed = run(sys.executable, example / "check.py", cwd=tmp_path, PYTHONPATH=str(target))
    assert "correct" in printed
    modules = list(target.glob("embed_cython*.so"))
    assert "libfastcnn" not in run("ldd", modules[0], cwd=tmp_path), "cimport must not need the library at link time"


@needs_install
def test_every_function_of_the_header_is_exported_to_cython() -> None:
    """The generator reads the headers with regular expressions; the compiler is asked what is really in them."""
    headers = "".join(path.read_text() for path in Path(fastcnn.get_include(), "fastcnn").glob("*.h"))
    source = '#include "fastcnn.h"\n'
    done = subprocess.run(
        ["cc", "-E", "-P", "-I", fastcnn.get_include(), "-"], input=source, text=True, capture_output=True, check=True
    )
    import re

    declared = set(re.findall(r"\b(fastcnn_\w+)\s*\([^()]*\)\s*;", done.stdout))
    assert declared == set(cython_kernels.__pyx_capi__)
    assert headers.count("FASTCNN_API ") >= len(declared) >= 10


@needs_install
def test_package_may_be_moved(tmp_path: Path) -> None:
    """Neither the CMake package nor the pkg-config file may name the folder they were built or installed in."""
    home = Path(fastcnn.get_cmake_dir()).parent
    for file in [*home.rglob("*.cmake"), *home.parent.rglob("*.pc")]:
        text = file.read_text()
        assert str(home.parent) not in text, file
        assert "/tmp" not in text and "/home" not in text, file


@needs_install
def test_library_exports_the_c_api_and_nothing_else() -> None:
    library = Path(fastcnn.get_library_dir()) / "libfastcnn.so"
    names = run("nm", "-D", "--defined-only", library, cwd=Path("/")).split()[2::3]
    others = [name for name in names if not name.startswith("fastcnn_")]
    assert set(cython_kernels.__pyx_capi__) <= set(names)
    assert not others, others


@pytest.mark.skipif(not all(map(shutil.which, ("cmake", "make", "g++"))), reason="needs cmake, make and g++")
def test_make_builds_kernels_before_the_archive(tmp_path: Path) -> None:
    """Ninja finds the order out by itself; make needs to be told it, target by target."""
    options = ("-G", "Unix Makefiles", "-DFASTCNN_PYTHON=OFF")
    run("cmake", "-S", EXAMPLES.parent, "-B", tmp_path, *options, cwd=tmp_path)
    rules = (tmp_path / "CMakeFiles" / "Makefile2").read_text()
    before = re.findall(r"^CMakeFiles/fastcnn_static\.dir/all: CMakeFiles/kernels_(\w+)\.dir/all$", rules, re.MULTILINE)
    assert before and sorted(before) == sorted(set(re.findall(r"kernels_(\w+)\.dir/all", rules)))


@needs_install
@pytest.mark.parametrize("language", ["c -std=c89", "c -std=c99", "c++ -std=c++98", "c++ -std=c++17", "c++ -std=c++20"])
def test_header_compiles_without_a_warning(language: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_text("#include <fastcnn.h>\nint main(void) { return FASTCNN_OK; }\n")
    strict = "-Wall -Wextra -pedantic -Werror -Wundef -Wshadow -Wconversion -fsyntax-only"
    run("cc", "-I", fastcnn.get_include(), "-x", *language.split(), *strict.split(), "source", cwd=tmp_path)
