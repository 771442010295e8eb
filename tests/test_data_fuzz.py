"""10,000 damaged images: the right thing or UnreadableImageError, bounded memory, nothing run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="Pillow is not installed")
from pictures import encoded, noise, smooth, with_orientation

FUZZER = Path(__file__).with_name("image_fuzzer.py")


def seeds(kind):
    if kind == "JPEG":
        files = [
            encoded(smooth(), "JPEG"),
            encoded(smooth(), "JPEG", progressive=True),
            with_orientation(smooth(), 6, "JPEG"),
        ]
        return [*files, encoded(smooth(), "JPEG", "CMYK")]
    if kind == "PNG":
        return [
            encoded(noise(), "PNG"),
            encoded(noise(), "PNG", "P"),
            encoded(noise(channels=0).astype("uint16"), "PNG"),
        ]
    return [encoded(smooth(), kind), encoded(smooth(), kind, "L"), encoded(noise(), kind, "P")]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_damaged_files(tmp_path, kind):
    paths = []
    for i, data in enumerate(seeds(kind)):
        paths.append(tmp_path / f"{i}.img")
        paths[-1].write_bytes(data)
    run = subprocess.run(
        [sys.executable, FUZZER, "2500", "10", *paths],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    result = json.loads(run.stdout)
    assert result["wrong"] == []
    assert result["forbidden"] == []
    assert result["loaded"] + result["refused"] >= 200, result
    assert result["refused"] >= 20, result
    assert result["loaded"] >= 20, result
    assert result["grown_mb"] < 900, result
