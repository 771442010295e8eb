"""The package stays small."""

import zipfile
from importlib.metadata import PackageNotFoundError, files

import pytest

LIMIT = 4_000_000


def test_the_package_compressed_as_a_wheel_is_under_4_mb(tmp_path):
    try:
        installed = files("fastcnn") or []
    except PackageNotFoundError:
        pytest.skip("needs the installed package; `make test` has it")
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in installed:
            if "__pycache__" not in path.parts:
                wheel.write(path.locate(), path)
    assert LIMIT / 2 < (tmp_path / "wheel.zip").stat().st_size < LIMIT
