"""No kernel touches a byte outside its arrays or its workspace: guard pages, on every instruction set."""

import os
import subprocess
import sys
from pathlib import Path

import calls

from fastcnn import kernels

HERE = Path(__file__).parent
SEEDS = 12


def program(name: str, *arguments: object, **environment: str) -> tuple[int, str]:
    """Exit status and output of a program of this folder."""
    path = os.pathsep.join([str(HERE), *sys.path])
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(HERE / name), *(str(a) for a in arguments)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout


def test_every_function_has_a_call() -> None:
    assert set(kernels.__all__) == set(calls.CALLS), "a new function needs its line in tests/calls.py"
    assert len(kernels.__all__) == len(set(kernels.__all__)), "a name twice"


def test_arrays(isa: str) -> None:
    status, output = program("guard.py", isa, SEEDS)
    assert status == 0 and output.endswith("done\n"), output[-3000:]


def test_workspaces(isa: str) -> None:
    status, output = program("guard_workspace.py", isa, 150)
    assert status == 0 and output.endswith("done\n"), output[-3000:]


def test_one_byte_past_the_end_is_caught() -> None:
    assert program("guard.py", "overrun", -1)[0] == 0
    assert program("guard.py", "overrun", 0)[0] == -11


def test_one_byte_too_few_is_caught() -> None:
    """The workspaces lie where a kernel that wanted one byte more would fall over."""
    status, output = program("guard_workspace.py", "short", 1)
    assert status == -11, output
