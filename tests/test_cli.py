"""What all commands have in common: how they fail, how they stop, what runs without one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PIL")

from cli_runs import failure, run

import fastcnn
from fastcnn import layers, models
from fastcnn.cli.errors import one_line


def test_without_a_command(capsys: Any) -> None:
    assert run() == 0
    assert "train" in capsys.readouterr().out
    assert run("--cmakedir") == 0
    assert capsys.readouterr().out.strip() == fastcnn.get_cmake_dir()


def test_version_imports_little_beside_the_package() -> None:
    program = (
        "import sys, fastcnn; before = set(sys.modules)\n"
        "from fastcnn.__main__ import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted(n for n in set(sys.modules) - before if not n.startswith('fastcnn.cli')))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == fastcnn.__version__
    heavy = {
        "PIL",
        "tqdm",
        "h5py",
        "concurrent.futures",
        "fastcnn.applications",
        "fastcnn.data",
        "fastcnn.augment",
    }
    assert not heavy & set(modules.split())


def test_files_that_are_no_models(pets: Path, tmp_path: Path, capsys: Any) -> None:
    bad = tmp_path / "bad.fastcnn"
    bad.write_bytes(b"not a model")
    image = pets / "cat" / "0.png"
    for arguments in (["predict", bad, image], ["summary", bad]):
        message = failure(capsys, *arguments)
        assert message.startswith(f"fastcnn {arguments[0]}: error: ")
        assert "bad.fastcnn" in message
    assert "none.fastcnn" in failure(capsys, "predict", tmp_path / "none.fastcnn", image)
    assert failure(capsys, "summary", "none.fastcnn").endswith("error: none.fastcnn: there is no such file")
    assert "Did you mean 'resnet18'?" in failure(capsys, "summary", "resnet-19")
    models.Sequential([layers.Input((4,)), layers.Dense(2)]).save(tmp_path / "dense.fastcnn")
    assert "is no classifier of images: it takes (None, 4)" in failure(
        capsys, "predict", tmp_path / "dense.fastcnn", image
    )


def test_errors_that_nobody_expected(monkeypatch: Any, capsys: Any) -> None:
    def fail(options: Any) -> dict[str, Any]:
        return {}["a\nb"]

    monkeypatch.setattr("fastcnn.cli.summary._model", fail)
    assert failure(capsys, "summary", "x") == "fastcnn summary: error: KeyError: 'a\\nb'"
    monkeypatch.setenv("FASTCNN_TRACEBACK", "1")
    with pytest.raises(KeyError):
        run("summary", "x")


def test_a_message_that_holds_an_array_is_cut() -> None:
    assert one_line(ValueError("1 2 " * 1000)) == ("1 2 " * 200) + "..."


def test_ctrl_c_anywhere(monkeypatch: Any, capsys: Any) -> None:
    def interrupt(options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fastcnn.cli.summary._model", interrupt)
    assert run("summary", "x") == 130
    assert capsys.readouterr().err == "\ninterrupted\n"
