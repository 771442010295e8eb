"""``fastcnn train``, interrupted and gone on with."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from cli_runs import QUICK, failure, run

from fastcnn.cli import notes
from fastcnn.cli.best_model import BestModel


def interrupt_after(monkeypatch: Any, epochs: int) -> None:
    original = BestModel.on_epoch_end

    def stop(self: BestModel, epoch: int, logs: Any = None) -> None:
        if epoch == epochs:
            raise KeyboardInterrupt
        original(self, epoch, logs)

    monkeypatch.setattr(BestModel, "on_epoch_end", stop)


def test_interrupted_and_resumed_is_as_never_interrupted(
    pets: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    arguments = ["train", pets, *QUICK[:4], "--epochs", 4, "--augment", "natural"]
    whole, parts = tmp_path / "whole.fastcnn", tmp_path / "parts.fastcnn"
    assert run(*arguments, "--output", whole) == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        capsys.readouterr()
        assert run(*arguments, "--output", parts) == 130
    said = capsys.readouterr().out
    assert "Interrupted after 2 epochs." in said
    assert "--resume" in said.splitlines()[-1]
    assert notes.load(parts)[1]["class_names"] == ["cat", "hund ß"]
    message = failure(capsys, *arguments, "--output", parts)
    assert message.endswith("parts.fastcnn.backup holds a training that was interrupted: go on with --resume, or "
                            "delete that folder")  # fmt: skip
    assert run(*arguments, "--output", parts, "--resume", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["history"]) == 4
    assert all(
        np.array_equal(a, b) for a, b in zip(*(notes.load(p)[0].get_weights() for p in (whole, parts)), strict=True)
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.fastcnn", "whole.fastcnn"]


def test_interrupted_before_the_first_epoch(pets: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    interrupt_after(monkeypatch, 0)
    assert run("train", pets, *QUICK, "--json", "--output", tmp_path / "m.fastcnn") == 130
    found = json.loads(capsys.readouterr().out)
    assert found["interrupted"]
    assert (found["output"], found["best_epoch"], found["validation"]) == (None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_resume_without_a_backup_begins(pets: Path, tmp_path: Path, capsys: Any) -> None:
    assert run("train", pets, *QUICK, "--resume", "--output", tmp_path / "m.fastcnn") == 0
    assert "this is a new one" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_in_a_process_of_its_own(pets: Path, tmp_path: Path) -> None:
    # Who started the tests may have told them, and so their children, to ignore Ctrl-C.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import sys; "
    program += "from fastcnn.__main__ import main; sys.exit(main())"
    arguments = [
        "train",
        pets,
        *QUICK[:4],
        "--epochs",
        "10000",
        "--patience",
        "9999",
        "--output",
        tmp_path / "m.fastcnn",
    ]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, *map(str, arguments)], stdout=-1, stderr=-1, text=True
    )
    try:
        assert process.stdout is not None
        assert any(line.startswith("Epoch 3/") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "Interrupted after" in rest
    assert errors == ""
    assert notes.load(tmp_path / "m.fastcnn")[1]["class_names"] == ["cat", "hund ß"]
