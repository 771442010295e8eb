"""The package stays small."""

import zipfile
from pathlib import Path

import fastcnn

LIMIT = 4_000_000


def test_the_package_compressed_as_a_wheel_is_under_4_mb(tmp_path):
    folder = Path(fastcnn.__file__).parent
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                wheel.write(path, path.relative_to(folder))
    assert (tmp_path / "wheel.zip").stat().st_size < LIMIT
