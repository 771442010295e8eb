"""show_config, the paths for embedders, the command line and the doctor."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fastcnn
from fastcnn import _core, config, doctor, kernels

ROOT = Path(__file__).parent.parent
INSTALLED = Path(fastcnn.get_cmake_dir()).exists()


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "fastcnn", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )


def test_version_is_the_same_everywhere() -> None:
    version = fastcnn.__version__
    assert _core.version() == version
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()
    assert f"VERSION {version} " in (ROOT / "CMakeLists.txt").read_text()
    header = (ROOT / "csrc/include/fastcnn/core.h").read_text()
    numbers = re.findall(r"FASTCNN_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert ".".join(numbers) == version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_show_config_as_data() -> None:
    facts = fastcnn.show_config("dicts")
    assert facts["cpu"]["isa"] in facts["cpu"]["isas available"]
    assert facts["threads"]["in use"] == fastcnn.get_num_threads()
    assert facts["threads"]["affinity"] == len(os.sched_getaffinity(0))
    assert facts["cpu"]["model"]
    json.dumps(facts)


def test_show_config_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert fastcnn.show_config() is None
    printed = capsys.readouterr().out
    for word in ("isa", _core.get_isa(), "numpy", "openmp runtimes", fastcnn.__version__):
        assert word in printed


def test_show_config_refuses_other_modes() -> None:
    with pytest.raises(ValueError, match="mode must be 'stdout' or 'dicts', got 'yaml'"):
        fastcnn.show_config("yaml")  # type: ignore[call-overload]


def test_openmp_runtime_in_use_is_found() -> None:
    assert any("omp" in name for name in config.openmp_runtimes())


@pytest.mark.skipif(not INSTALLED, reason="needs the installed package; `make test` has it")
def test_paths_exist() -> None:
    assert Path(fastcnn.get_include(), "fastcnn.h").is_file()
    assert Path(fastcnn.get_library_dir(), "libfastcnn.so").is_file()
    assert Path(fastcnn.get_library_dir(), "libfastcnn.a").is_file()
    assert Path(fastcnn.get_cmake_dir(), "fastcnnConfig.cmake").is_file()
    assert Path(fastcnn.get_pkgconfig_dir(), "fastcnn.pc").is_file()
    assert Path(fastcnn.get_include()).parent.joinpath("cython_kernels.pxd").is_file()


def test_command_line() -> None:
    assert command("--version").stdout.strip() == fastcnn.__version__
    assert command("--includes").stdout.strip() == f"-I{fastcnn.get_include()}"
    assert command("--cmakedir").stdout.strip() == fastcnn.get_cmake_dir()
    assert command("--pkgconfigdir").stdout.strip() == fastcnn.get_pkgconfig_dir()
    assert f"-L{fastcnn.get_library_dir()} -lfastcnn" in command("--libs").stdout
    assert command("nonsense").returncode == 2
    assert "doctor" in command().stdout


def test_doctor_finds_this_installation_sound() -> None:
    done = command("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "self-test" in done.stdout and "FAILED" not in done.stdout
    report = json.loads(command("doctor", "--json").stdout)
    assert report["healthy"] is True
    tested = {finding["name"].split(",")[0] for finding in report["self-test"]}
    for isa in _core.available_isas():
        assert f"relu on {isa}" in tested


def test_doctor_says_why_the_isa_was_chosen() -> None:
    for isa in _core.available_isas():
        done = command("doctor", "--json", FASTCNN_ISA=isa)
        report = json.loads(done.stdout)
        assert report["cpu"]["isa"] == isa
        assert report["cpu"]["isa reason"] == "FASTCNN_ISA asks for it"


def test_wrong_isa_ends_in_an_import_error() -> None:
    done = command("--version", FASTCNN_ISA="mmx")
    assert done.returncode != 0
    assert "FASTCNN_ISA: expected avx512, avx2 or base" in done.stderr and "mmx" in done.stderr


def test_doctor_notices_a_wrong_kernel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    right = kernels.relu

    def wrong(x: Any) -> Any:
        return right(x) + 1

    monkeypatch.setattr(kernels, "relu", wrong)
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert "FAILED relu on" in printed and "relative error" in printed


def test_doctor_reports_a_kernel_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(x: Any) -> Any:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(kernels, "relu", broken)
    failed = [finding for finding in doctor.self_test() if not finding.good]
    assert failed and all(finding.detail == "RuntimeError: no such luck" for finding in failed)


def test_doctor_warns() -> None:
    sections = fastcnn.show_config("dicts")
    sections["openmp runtimes"] = ["/a/libgomp.so.1", "/b/libiomp5.so"]
    sections["threads"]["in use"] = 512
    sections["fastcnn"]["library"] = "0.0.1"
    words = " ".join(doctor.warnings(sections))
    assert "2 OpenMP runtimes" in words and "512 threads on" in words and "another version" in words


def test_number_of_threads_from_the_environment() -> None:
    def threads(**environment: str) -> int:
        report = json.loads(command("doctor", "--json", **environment).stdout)
        return int(report["threads"]["in use"])

    assert threads(FASTCNN_NUM_THREADS="3") == 3
    assert threads(OMP_NUM_THREADS="1") == 1
    assert threads(FASTCNN_NUM_THREADS="nonsense", OMP_NUM_THREADS="1") == 1


def test_probe_of_the_machine_is_plausible() -> None:
    assert 1 < _core.probe_peak(1, 0.02) < 5000
    assert 0.5 < _core.probe_copy(1, 1 << 24, True, 0.02) < 5000
    with pytest.raises(ValueError, match="threads must be between 1 and 1024, got 0"):
        _core.probe_peak(0, 0.1)
    with pytest.raises(ValueError, match="bytes must be between 64 and"):
        _core.probe_copy(1, 0, False, 0.1)
    with pytest.raises(ValueError, match="seconds must be between 0 and 600"):
        _core.probe_peak(1, float("nan"))
