"""What `import fastcnn` does to a process: nothing that can be noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastcnn


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_prints_nothing() -> None:
    assert python("import fastcnn") == ""


def test_starts_no_thread() -> None:
    code = """
import os, numpy
before = set(os.listdir("/proc/self/task"))
import fastcnn
print(len(set(os.listdir("/proc/self/task")) - before))
"""
    assert python(code) == "0\n"


def spins(**environment: str) -> str:
    """What OpenMP says of itself when it is loaded."""
    given = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import fastcnn"],
        capture_output=True,
        text=True,
        env={**given, "OMP_DISPLAY_ENV": "VERBOSE", **environment},
    )
    return next((line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line), "")


def test_waiting_threads_sleep_soon_unless_the_user_says_otherwise() -> None:
    found = spins()
    if not found:
        pytest.skip("this OpenMP is not GNU's")
    assert found == "1000"
    assert spins(GOMP_SPINCOUNT="7") == "7"
    assert spins(OMP_WAIT_POLICY="passive") == "0"


def test_sets_no_environment() -> None:
    assert (
        python("import os, numpy; before = dict(os.environ); import fastcnn; print(os.environ == before)") == "True\n"
    )


def test_leaves_floating_point_control_alone() -> None:
    """No flush-to-zero: some libraries built with -ffast-math switch denormals off for the whole process."""
    code = """
import numpy as np
tiny = np.float64(5e-324)
import fastcnn
fastcnn.kernels.relu(np.ones(100000, np.float32))
print(tiny * np.float64(1.0) > 0, np.nextafter(np.float32(0), np.float32(1)) * np.float32(1) > 0)
"""
    assert python(code) == "True True\n"


def test_changes_no_signal_handler() -> None:
    code = """
import signal, numpy
def handlers(): return [signal.getsignal(s) for s in signal.valid_signals()]
before = handlers()
import fastcnn
print(handlers() == before)
"""
    assert python(code) == "True\n"


def test_imports_nothing_optional() -> None:
    code = """
import sys, numpy
before = set(sys.modules)
import fastcnn
heavy = {
    "PIL", "h5py", "onnx", "sklearn", "matplotlib", "torch", "tqdm", "pandas", "safetensors", "tensorboardX",
    "importlib.metadata", "argparse", "asyncio", "csv", "difflib", "gzip", "html", "json", "logging",
    "multiprocessing", "socket", "subprocess", "tempfile", "unittest", "urllib.request", "zipfile",
}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    assert python(code) == "[]\n"


def test_what_few_programs_need_comes_on_first_use() -> None:
    code = """
import sys
import numpy
before = set(sys.modules)
import fastcnn
packages = [
    "activations", "applications", "augment", "backend", "callbacks", "constraints", "data", "datasets", "initializers",
    "layers", "losses", "metrics", "models", "optimizers", "plan", "preprocessing", "random", "registry", "regularizers",
    "saving", "training", "transfer", "utils", "viz",
]
early = [name for name in packages if f"fastcnn.{name}" in sys.modules]
early += [name for name in ("pathlib", "dataclasses") if name in set(sys.modules) - before]
few = ["applications", "augment", "callbacks", "data", "datasets", "metrics", "preprocessing", "saving", "transfer", "viz"]
few += ["plan.model_steps", "plan.program", "training.fitting", "training.evaluation"]
model = fastcnn.Sequential([fastcnn.Input((2,))])
early += [name for name in few if f"fastcnn.{name}" in sys.modules]
hidden = [name for name in packages if name not in dir(fastcnn)]
reached = [getattr(fastcnn, name).__name__ for name in packages]
optional = {"PIL", "h5py", "sklearn", "matplotlib", "pandas", "concurrent.futures"} & set(sys.modules)
found = {fastcnn.Sequential, fastcnn.models.Sequential} == {type(model)} and "Sequential" in vars(fastcnn)
print(early, hidden, found, reached == [f"fastcnn.{name}" for name in packages], sorted(optional))
"""
    assert python(code) == "[] [] True True []\n"


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'fastcnn' has no attribute 'layer'. Did you mean 'layers'?"):
        fastcnn.layer  # noqa: B018
    with pytest.raises(AttributeError, match="module 'fastcnn' has no attribute 'quantum'$"):
        fastcnn.quantum  # noqa: B018


def test_is_quick_beside_numpy(tmp_path: Path) -> None:
    """A ratio, for clocks differ: what fastcnn adds is less than what NumPy takes, once in five times, all compiled before."""
    code = """
import time
start = time.process_time(); import numpy
middle = time.process_time(); import fastcnn
print((time.process_time() - middle) / (middle - start))
"""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    python("import fastcnn", **compiled)
    assert any(float(python(code, **compiled)) < 1.0 for _ in range(5))


def test_children_see_the_package_under_test() -> None:
    assert python("import fastcnn; print(fastcnn.__file__)").strip() == fastcnn.__file__
