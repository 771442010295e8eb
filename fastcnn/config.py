"""What was installed and where, what this machine is, and what fastcnn makes of it."""

import os
import platform
from typing import Any, Literal, overload

from fastcnn import _core

__all__ = [
    "get_cmake_dir",
    "get_include",
    "get_library_dir",
    "get_num_threads",
    "get_pkgconfig_dir",
    "set_num_threads",
    "show_config",
]

ENVIRONMENT = (
    "FASTCNN_NUM_THREADS",
    "FASTCNN_ISA",
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OMP_WAIT_POLICY",
    "OMP_PROC_BIND",
    "OMP_PLACES",
    "GOMP_CPU_AFFINITY",
    "GOMP_SPINCOUNT",
)
EXTRAS = ("h5py", "PIL", "matplotlib", "sklearn", "tensorboardX", "pandas")
_RUNTIMES = ("libgomp", "libomp", "libiomp", "libvcomp")


def get_num_threads() -> int:
    """How many threads the kernels use: what was set, else FASTCNN_NUM_THREADS, else the cores this process may use.

    Example:
        >>> get_num_threads() >= 1
        True
    """
    return _core.get_num_threads()


def set_num_threads(threads: Any) -> None:
    """Chooses how many threads the kernels use. Results do not depend on it, to the bit.

    Args:
        threads: at least 1; or 0: as many as before anything was set.

    Example:
        >>> before = get_num_threads()
        >>> set_num_threads(1)
        >>> get_num_threads()
        1
        >>> set_num_threads(before)
    """
    _core.set_num_threads(threads)


def _installed(*parts: str) -> str:
    """Beside the compiled module, which in an editable install is not where the Python files are."""
    from pathlib import Path  # here and below: it is long to import, and training does without it

    return str(Path(_core.__file__).parent.joinpath(*parts))


def get_include() -> str:
    """The folder of ``fastcnn.h``.

    Example:
        >>> from pathlib import Path
        >>> Path(get_include()).name
        'include'
    """
    return _installed("include")


def get_library_dir() -> str:
    """The folder of ``libfastcnn.so`` and ``libfastcnn.a``.

    Example:
        >>> from pathlib import Path
        >>> Path(get_library_dir()).name
        'lib'
    """
    return _installed("lib")


def get_cmake_dir() -> str:
    """What CMake wants as ``fastcnn_DIR``.

    Example:
        >>> from pathlib import Path
        >>> Path(get_cmake_dir()).parts[-3:]
        ('lib', 'cmake', 'fastcnn')
    """
    return _installed("lib", "cmake", "fastcnn")


def get_pkgconfig_dir() -> str:
    """What pkg-config wants in ``PKG_CONFIG_PATH``.

    Example:
        >>> from pathlib import Path
        >>> Path(get_pkgconfig_dir()).parts[-2:]
        ('lib', 'pkgconfig')
    """
    return _installed("lib", "pkgconfig")


def cpu_model() -> str:
    """The name of the CPU in the kernel's words."""
    from pathlib import Path

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


def openmp_runtimes() -> list[str]:
    """The OpenMP runtimes mapped into this process; two of them are two teams that fight for the same cores."""
    from pathlib import Path

    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    files = {line.split(maxsplit=5)[5] for line in lines if line.count("/")}
    return sorted(file for file in files if Path(file).name.startswith(_RUNTIMES))


def compiler() -> str:
    version = str(_core.compiler())
    return version if "lang" in version else f"GCC {version}"


def found_extras() -> dict[str, str]:
    """Versions of the optional packages that are installed; none of them is imported."""
    from importlib import metadata

    owners = metadata.packages_distributions()
    return {name: metadata.version(owners[name][0]) for name in EXTRAS if name in owners}


def facts() -> dict[str, Any]:
    """Everything ``show_config`` prints, as plain data."""
    import sys

    import numpy as np

    import fastcnn

    return {
        "fastcnn": {
            "version": fastcnn.__version__,
            "library": _core.version(),
            "abi": _core.abi_version(),
            "path": _installed(),
            "compiler": compiler(),
        },
        "cpu": {
            "model": cpu_model(),
            "architecture": platform.machine(),
            "isa": _core.get_isa(),
            "isa reason": _core.isa_reason(),
            "isas available": _core.available_isas(),
        },
        "threads": {
            "in use": _core.get_num_threads(),
            "cores": os.cpu_count(),
            "affinity": _core.affinity_cpus(),
            "cgroup quota": _core.cgroup_cpus() or None,
            "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        },
        "openmp runtimes": openmp_runtimes(),
        "python": {
            "version": platform.python_version(),
            "implementation": sys.implementation.name,
            "numpy": np.__version__,
            "platform": platform.platform(),
        },
        "extras": found_extras(),
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def as_text(sections: dict[str, Any]) -> str:
    lines = []
    for title, section in sections.items():
        if isinstance(section, dict) and section:
            lines += [title, *(f"  {name:<16}{_text(value)}" for name, value in section.items())]
        else:
            lines.append(f"{title:<18}{_text(section)}")
    return "\n".join(lines)


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Shows what was built, on which CPU it runs, and with how many threads.

    Args:
        mode: ``"stdout"`` prints it; ``"dicts"`` returns it.

    Returns:
        A dictionary of plain values, or None.

    Example:
        >>> show_config("dicts")["fastcnn"]["version"]
        '0.4.0'
    """
    if mode == "stdout":
        print(as_text(facts()))
        return None
    if mode == "dicts":
        return facts()
    raise ValueError(f"mode must be 'stdout' or 'dicts', got {mode!r}")
