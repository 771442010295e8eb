"""Replayed steps allocate nothing: counted by a library that is preloaded into a process of its own."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(
    COMPILER is None or sys.platform != "linux" or platform.libc_ver()[0] != "glibc",
    reason="needs a C compiler and glibc",
)


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    library = tmp_path_factory.mktemp("allocations") / "allocations.so"
    source = HERE / "allocations.c"
    subprocess.run([COMPILER, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, HERE / "allocations.py"],
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_counter_counts(counts):
    assert counts["canary"] > 0
    assert counts["nothing"] == 0


@pytest.mark.parametrize("network", ["mnist", "resnet", "mobilenet"])
@pytest.mark.parametrize("kind", ["training", "inference"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_replayed_step_allocates_nothing(counts, network, kind, threads):
    assert counts[f"{network} {kind} {threads}"] == 0
