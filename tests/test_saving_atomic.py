"""A file is there whole or not at all, whatever happens to the process that writes it."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fastcnn.saving import atomic_write, read_safetensors, write_safetensors

WRITER = """
import os, sys, itertools, numpy as np
from fastcnn.saving import write_safetensors
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for i in itertools.count():
            n = (1000, 70_000)[i % 2]
            write_safetensors(sys.argv[1], {"a": np.full(n, i, np.float32), "b": np.full(n, i, np.float32)})
    print(child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="on purpose"), atomic_write(path) as file:
        file.write(b"new, but not all of it")
        file.flush()
        assert path.read_bytes() == b"old"
        raise RuntimeError("on purpose")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_modes_kept(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with atomic_write(path) as file:
        file.write(b"1")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"2")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"2", 0o640)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "target").write_bytes(b"1")
    (tmp_path / "link").symlink_to("target")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"2")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"2"


def test_order_of_the_calls(tmp_path, monkeypatch):
    """The bytes are on the disk before the name is theirs, and the name is on the disk after."""
    calls = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def replace(self, target):
        calls.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"1")
    assert calls == ["file", "rename", "folder"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_full_disk(tmp_path, monkeypatch, call):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"x": np.ones(3)})

    def full(*args):
        raise OSError(28, "No space left on device")

    if call == "write":
        monkeypatch.setattr("fastcnn.saving.safetensors.write_to", full)
    else:
        monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[call])
    with pytest.raises(OSError, match="No space left"):
        write_safetensors(path, {"x": np.zeros(30_000)})
    monkeypatch.undo()
    np.testing.assert_array_equal(read_safetensors(path)[0]["x"], np.ones(3))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_at_any_moment(tmp_path):
    """The writer is killed and started again, 200 times by fork from one that has imported everything."""
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"a": np.zeros(3, np.float32), "b": np.zeros(3, np.float32)})
    rng = np.random.default_rng(0)
    seen, longest = set(), 0.02
    with subprocess.Popen(
        [sys.executable, "-P", "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for kill in range(200):
            if kill % 20 == 19 and len(seen) < 2 + kill // 40:
                longest = min(2 * longest, 0.32)  # a busy machine: it gets no farther in that time
            process.stdin.write("go\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            time.sleep(rng.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
            assert process.stdout.readline() == "dead\n"
            tensors, _ = read_safetensors(path)
            assert tensors["a"].shape == tensors["b"].shape
            assert set(tensors["a"]) == set(tensors["b"]) and len(set(tensors["a"])) == 1
            seen.add((tensors["a"].size, float(tensors["a"][0])))
            for left in tmp_path.glob(".*.tmp"):
                left.unlink()
        process.stdin.close()
    assert len(seen) > 3  # it did get to write
