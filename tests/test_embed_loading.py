"""Programs that load fastcnn while they run: as a library, as part of a plug-in; and let go of it again."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import fastcnn

INSTALLED = (Path(fastcnn.get_cmake_dir()) / "fastcnnConfig.cmake").exists()
pytestmark = [
    pytest.mark.skipif(not INSTALLED, reason="needs the installed package; `make test` has it"),
    pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config"),
]
PLUG_IN = """
#include <fastcnn.h>
/* Enough work for a second thread, which then waits for more. */
int run(void) {
  enum { SIZE = 1 << 20 };
  float* x = fastcnn_alloc(SIZE * sizeof(float));
  fastcnn_status status = fastcnn_set_num_threads(2);
  for (int i = 0; i < SIZE; i++) x[i] = 3;
  if (status == FASTCNN_OK) status = fastcnn_unary(FASTCNN_UNARY_SQUARE, SIZE, x, x);
  status += x[SIZE - 1] != 9;
  fastcnn_free(x);
  return status;
}
"""
HOST = """
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char** paths) {
  for (int i = 0; i < 5; i++) {
    void* plug_in = dlopen(paths[count - 1], RTLD_NOW | RTLD_LOCAL);
    int (*run)(void) = plug_in ? (int (*)(void))dlsym(plug_in, "run") : 0;
    if (!run || run() || dlclose(plug_in)) return printf("%s\\n", run ? "wrong" : dlerror()), 1;
  }
  return 0;
}
"""
PROGRAM = PLUG_IN + "int main(void) { return run(); }\n"


def flags(*options: str) -> list[str]:
    """What pkg-config says of the installed package."""
    environment = {**os.environ, "PKG_CONFIG_PATH": fastcnn.get_pkgconfig_dir()}
    command = ["pkg-config", *options, "fastcnn"]
    return shlex.split(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def compiled(folder: Path, name: str, source: str, *options: str) -> Path:
    (folder / "source.c").write_text(source)
    subprocess.run(["cc", "-std=gnu99", folder / "source.c", "-o", folder / name, *options], check=True)
    return folder / name


def quiet_run(*command: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_a_plug_in_may_be_closed(linked: str, tmp_path: Path) -> None:
    """GNU's OpenMP must stay when the plug-in goes: its threads wait in OpenMP's code."""
    options = flags("--cflags", "--libs")
    if linked == "static":
        options = [option for option in flags("--cflags", "--static", "--libs") if option != "-lfastcnn"]
        options.insert(0, str(Path(fastcnn.get_library_dir(), "libfastcnn.a")))
    plug_in = compiled(tmp_path, "plug_in.so", PLUG_IN, "-shared", "-fPIC", *options)
    quiet_run(compiled(tmp_path, "host", HOST, "-ldl"), plug_in)


def test_a_program_finds_the_library_that_pkg_config_named(tmp_path: Path) -> None:
    quiet_run(compiled(tmp_path, "program", PROGRAM, *flags("--cflags", "--libs")))


def test_a_moved_package_is_found_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(fastcnn.get_library_dir()).parent
    moved = tmp_path / "moved here"
    for part in ("lib", "include"):
        shutil.copytree(package / part, moved / part)
    monkeypatch.setattr(fastcnn, "get_pkgconfig_dir", lambda: str(moved / "lib" / "pkgconfig"))
    program = compiled(tmp_path, "program", PROGRAM, *flags("--cflags", "--libs"))
    assert str(moved) in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    quiet_run(program)
