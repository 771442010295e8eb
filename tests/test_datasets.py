"""Data sets: where they are looked for, real MNIST, and files that lie about themselves."""

import gzip
import hashlib
import io
import os
import pickle
import struct
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcnn.datasets import cifar10, cifar100, digits, fashion_mnist, files, formats, mnist, shapes

Array = np.ndarray[Any, Any]
DATA = os.environ.get("FASTCNN_DATA", "")
needs_mnist = pytest.mark.skipif(
    not (DATA and (Path(DATA) / "mnist").is_dir()), reason="FASTCNN_DATA does not name a folder with mnist/"
)
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data anywhere, and a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FASTCNN_DATA", raising=False)
    monkeypatch.delenv("FASTCNN_HOME", raising=False)
    return tmp_path


def idx(array: Array) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def small() -> list[Array]:
    random = np.random.default_rng(1)
    parts = []
    for n in (6, 3):
        parts += [random.integers(0, 256, (n, 28, 28), np.uint8), random.integers(0, 10, n, np.uint8)]
    return parts


def write_idx(folder: Path, packed: bool = True, names: tuple[str, ...] = NAMES) -> list[Array]:
    folder.mkdir(parents=True, exist_ok=True)
    parts = small()
    for name, part in zip(names, parts, strict=True):
        (folder / f"{name}{'.gz' if packed else ''}").write_bytes(gzip.compress(idx(part)) if packed else idx(part))
    return parts


def write_npz(path: Path) -> list[Array]:
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = small()
    np.savez_compressed(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), parts, strict=True)))
    return parts


def same(split: Any, parts: list[Array]) -> bool:
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip([*split[0], *split[1]], parts, strict=True))


@needs_mnist
def test_real_mnist() -> None:
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    )
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (int(x_train[0].sum()), round(float(x_train.mean()), 4)) == (27525, 33.3184)
    x_train[0] = 0  # the arrays are the reader's own, to be changed


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_of_a_folder_or_beside_a_file(nowhere: Path, packed: bool) -> None:
    parts = write_idx(nowhere / "here", packed)
    assert same(mnist.load_data(nowhere / "here"), parts)
    assert same(mnist.load_data(str(next((nowhere / "here").iterdir()))), parts)
    dotted = write_idx(nowhere / "dots", packed, tuple(name.replace("-idx", ".idx") for name in NAMES))
    assert same(mnist.load_data(nowhere / "dots"), dotted)


def test_places(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = write_npz(nowhere / "home/.keras/datasets/mnist.npz")
    assert same(mnist.load_data(), parts)
    assert same(mnist.load_data("mnist.npz"), parts)  # Keras's default argument
    fashion = write_idx(nowhere / "home/.keras/datasets/fashion-mnist")
    assert same(fashion_mnist.load_data(), fashion)
    for where in (nowhere / "home/.cache/fastcnn", nowhere / "data"):
        (where / "mnist").mkdir(parents=True)
    changed = [p.copy() for p in parts]
    changed[1][:] = 3
    np.savez(
        nowhere / "data/mnist/mnist.npz", **dict(zip(("x_train", "y_train", "x_test", "y_test"), changed, strict=True))
    )
    monkeypatch.setenv("FASTCNN_DATA", str(nowhere / "data"))
    assert same(mnist.load_data(), changed)
    monkeypatch.setenv("FASTCNN_HOME", str(nowhere / "mine"))
    assert files.cache_folder() == nowhere / "mine"


def test_missing(nowhere: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        mnist.load_data()
    message = str(error.value)
    assert str(nowhere / "home/.cache/fastcnn/mnist") in message
    assert str(nowhere / "home/.keras/datasets") in message
    assert "mnist.npz or the four files train-images-idx3-ubyte.gz" in message
    assert "load_data(download=True) fetches it" in message
    with pytest.raises(FileNotFoundError, match=r"cifar-10-python.tar.gz holds pickles, which can run code"):
        cifar10.load_data()
    with pytest.raises(FileNotFoundError, match="fashion_mnist is not on this machine"):
        fashion_mnist.load_data(nowhere / "no")
    (nowhere / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="mnist is not on this machine"):
        mnist.load_data(nowhere / "empty")


@pytest.mark.parametrize("module", [fashion_mnist, cifar10, cifar100])
def test_no_download_without_a_checksum(nowhere: Path, module: Any) -> None:
    with pytest.raises(ValueError, match="cannot be downloaded: no checksum of its files is known for sure"):
        module.load_data(download=True)


def test_download_is_checked(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = write_npz(nowhere / "server/mnist.npz")
    data = (nowhere / "server/mnist.npz").read_bytes()
    url = (nowhere / "server/mnist.npz").as_uri()
    home = nowhere / "home/.cache/fastcnn/mnist"
    right = files.Download("mnist.npz", url, hashlib.sha256(data).hexdigest(), len(data))
    for wrong in (right._replace(sha256="0" * 64), right._replace(size=10), right._replace(size=len(data) + 1)):
        monkeypatch.setattr(mnist, "_SOURCE", wrong)
        with pytest.raises(ValueError, match="checksum or size differ; nothing is kept"):
            mnist.load_data(download=True)
        assert list(home.iterdir()) == []
    monkeypatch.setattr(mnist, "_SOURCE", right._replace(url=(nowhere / "gone").as_uri()))
    with pytest.raises(OSError, match="cannot be reached.*put mnist.npz into"):
        mnist.load_data(download=True)
    monkeypatch.setattr(mnist, "_SOURCE", right)
    assert same(mnist.load_data(download=True), parts)
    assert [f.name for f in home.iterdir()] == ["mnist.npz"]
    (nowhere / "server/mnist.npz").unlink()
    assert same(mnist.load_data(), parts)


# Hostile files


def head(*sizes: int, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an idx file of bytes"),
        (b"PK\x03\x04" + bytes(50), "not an idx file of bytes"),
        (head(2, 2, kind=0x0D) + bytes(16), "not an idx file of bytes"),
        (b"\0\0\x08\x00", "not an idx file of bytes"),
        (b"\0\0\x08\xff" + bytes(2000), "not an idx file of bytes"),
        (b"\0\0\x08\x03\0\0", "the file ends within its sizes"),
        (head(3) + b"ab", r"claims an array of shape \(3,\), 3 bytes, but has fewer"),
        (head(3) + b"abcd", "3 bytes, but has more"),
        (head(2**32 - 1, 2**32 - 1, 2**32 - 1), "more than 1073741824 bytes"),
        (head(2**30), "1073741824 bytes, but has fewer"),  # a claim takes no memory
        (gzip.compress(head(3) + b"abc")[:-6], "the gzip file is damaged"),
        (gzip.compress(head(3) + b"abc")[:-8] + bytes(8), "the gzip file is damaged"),
        (b"\x1f\x8b" + bytes(30), "the gzip file is damaged"),
        (gzip.compress(head(3) + bytes(50_000_000)), "3 bytes, but has more"),
    ],
)
def test_hostile_idx(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        formats.read_idx(tmp_path / "file")


def test_every_cut_of_an_idx_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(idx(np.arange(60, dtype=np.uint8).reshape(3, 4, 5)))
    (tmp_path / "file").write_bytes(whole)
    assert formats.read_idx(tmp_path / "file").shape == (3, 4, 5)
    for length in range(len(whole)):
        (tmp_path / "file").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="file"):
            formats.read_idx(tmp_path / "file")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code ran",))


def npy(text: str, data: bytes, version: int = 1) -> bytes:
    header = text.encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def claim(shape: str, descr: str = "'|u1'", fortran: bool = False) -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}}}\n"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(claim("(2,)"), b"abc"), "2 bytes, but has more"),
        (npy(claim("(4,)"), b"abc"), "4 bytes, but has fewer"),
        (npy(claim("(99999999999, 28, 28)"), b""), "more than 1073741824 bytes"),
        (npy(claim("(-3,)"), b"abc"), "must hold whole numbers in C order"),
        (npy(claim("(3,)", fortran=True), b"abc"), "must hold whole numbers in C order"),
        (npy(claim("(1,)", "'<f4'"), b"abcd"), "must hold whole numbers in C order, got float32"),
        (npy(claim("(1,)", "'|O'"), pickle.dumps(Bomb())), "must hold whole numbers in C order, got object"),
        (npy(claim("(1,)"), b"a", version=3), r"version \(3, 0\) of the npy format"),
        (npy("__import__('os').abort()\n", b""), "x_train has no sound npy header: malformed"),
        (npy(claim("(1,)") + " " * 60000, b"a"), "no sound npy header: Header info length"),
        (b"abc", "no sound npy header"),
        (npy("{}\n", b""), "no sound npy header"),
        (npy("{[\n", b""), "no sound npy header"),
        (npy(claim("(1,)", "[1]"), b"a"), "no sound npy header"),
    ],
)
def test_hostile_npz(tmp_path: Path, member: bytes, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", member)
    with pytest.raises(ValueError, match=message):
        mnist.load_data(tmp_path / "mnist.npz")
    assert "code ran" not in capsys.readouterr().out


def test_npz_that_is_none(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.savez(whole, x_train=np.zeros((2, 28, 28), np.uint8))
    for data, message in (
        (b"", "not an npz file, or a damaged one"),
        (whole.getvalue()[:-30], "not an npz file, or a damaged one"),
        (whole.getvalue(), "has no array 'y_train', only"),
    ):
        (tmp_path / "mnist.npz").write_bytes(data)
        with pytest.raises(ValueError, match=message):
            mnist.load_data(tmp_path / "mnist.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"x_train": np.zeros((6, 27, 28), np.uint8)},
            r"training part must be uint8 images \(n, 28, 28\) and n labels",
        ),
        ({"x_test": np.zeros((3, 28, 28), np.int64)}, "test part must be uint8 images"),
        ({"y_train": np.zeros(5, np.uint8)}, "training part must be uint8 images"),
        ({"y_test": np.full(3, 10, np.uint8)}, "test labels must be from 0 to 9, got 10 to 10"),
        ({"y_test": np.full(3, -1)}, "test labels must be from 0 to 9, got -1 to -1"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)}, "test part must be uint8"),
    ],
)
def test_mnist_of_another_form(tmp_path: Path, change: dict[str, Array], message: str) -> None:
    parts = dict(zip(("x_train", "y_train", "x_test", "y_test"), small(), strict=True)) | change
    np.savez(tmp_path / "mnist.npz", **parts)
    with pytest.raises(ValueError, match=message):
        mnist.load_data(tmp_path)


# CIFAR


def records(n: int, labels: int, most: int, seed: int) -> tuple[bytes, Array, Array]:
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 256, (n, 32, 32, 3), np.uint8), random.integers(0, most, (n, labels), np.uint8)
    return np.concatenate([y, x.transpose(0, 3, 1, 2).reshape(n, -1)], 1).tobytes(), x, y


def tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_cifar10(nowhere: Path) -> None:
    made = {f"cifar-10-batches-bin/data_batch_{i}.bin": records(2, 1, 10, i) for i in range(1, 6)}
    made["cifar-10-batches-bin/test_batch.bin"] = records(3, 1, 10, 6)
    tar(
        nowhere / "cifar-10-binary.tar.gz",
        {"cifar-10-batches-bin/readme.html": b"hello"} | {k: v[0] for k, v in made.items()},
    )
    for name, (data, _, _) in made.items():
        (nowhere / name).parent.mkdir(exist_ok=True)
        (nowhere / name).write_bytes(data)
    *train, test = made.values()
    expected = [np.concatenate([t[1] for t in train]), np.concatenate([t[2] for t in train]), test[1], test[2]]
    for path in (nowhere, nowhere / "cifar-10-binary.tar.gz", nowhere / "cifar-10-batches-bin"):
        assert same(cifar10.load_data(path), expected)
    assert expected[1].shape == (10, 1)
    (nowhere / "cifar-10-batches-bin/data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match="has data_batch_1.bin but not data_batch_3.bin"):
        cifar10.load_data(nowhere / "cifar-10-batches-bin")


def test_cifar100(nowhere: Path) -> None:
    train, test = records(4, 2, 20, 1), records(2, 2, 20, 2)
    tar(
        nowhere / "cifar-100-binary.tar.gz",
        {"cifar-100-binary/train.bin": train[0], "cifar-100-binary/test.bin": test[0]},
    )
    for mode, column in (("coarse", 0), ("fine", 1)):
        expected = [train[1], train[2][:, [column]].astype(np.int64), test[1], test[2][:, [column]].astype(np.int64)]
        assert same(cifar100.load_data(mode, nowhere), expected)
    with pytest.raises(ValueError, match="label_mode must be 'fine' or 'coarse', got 'rough'"):
        cifar100.load_data("rough")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"cifar-10-batches-py/data_batch_1": b"..."}, "seems to be the python version, whose pickles are not read"),
        ({"a/train.bin": records(1, 2, 100, 1)[0]}, r"has no \['test.bin'\]"),
        ({"train.bin": b"123", "test.bin": b"1"}, "expected records of 3074 bytes, got 3 bytes"),
        ({"train.bin": b"", "test.bin": b""}, "expected records of 3074 bytes, got 0 bytes"),
        ({"train.bin": records(1, 2, 100, 1)[0], "test.bin": b"\xff" * 3074}, "labels must be from 0 to 99, got 255"),
        ({f"{i}": b"" for i in range(100)}, "too many or too large files"),
        ({"train.bin": bytes(160_000_000)}, "too many or too large files"),
    ],
)
def test_hostile_cifar(tmp_path: Path, members: dict[str, bytes], message: str) -> None:
    tar(tmp_path / "file.tar.gz", members)
    with pytest.raises(ValueError, match=message):
        cifar100.load_data(path=tmp_path / "file.tar.gz")


def test_cifar_archive_that_is_none_or_links_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "file.tar.gz").write_bytes(b"\x1f\x8b" + bytes(100))
    with pytest.raises(ValueError, match="not a tar archive, or a damaged one"):
        cifar100.load_data(path=tmp_path / "file.tar.gz")
    with tarfile.open(tmp_path / "file.tar", "w") as archive:
        for name in ("train.bin", "test.bin"):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(ValueError, match=r"has no \['test.bin', 'train.bin'\]"):
        cifar100.load_data(path=tmp_path / "file.tar")


# Sets that need no files


def test_digits() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (1442, 8, 8, 1),
        (1442,),
        (355, 8, 8, 1),
        (355,),
    )
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert (x_train.min(), x_train.max()) == (0, 16)
    assert np.bincount(y_test).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    assert x_train[0, 0, :, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_digits_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[sklearn\]"'):
        digits.load_data()


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(channels: int) -> None:
    (x_train, y_train), (x_test, y_test) = shapes.load_data(80, 20, size=24, channels=channels)
    assert (x_train.shape, x_test.shape) == ((80, 24, 24, channels), (20, 24, 24, channels))
    assert np.bincount(y_train).tolist() == [20] * 4
    assert x_train.dtype == y_test.dtype == np.uint8
    again = shapes.load_data(80, 20, size=24, channels=channels)
    other = shapes.load_data(80, 20, size=24, channels=channels, seed=1)
    assert same(again, [x_train, y_train, x_test, y_test])
    assert not np.array_equal(other[0][0], x_train)


def test_shapes_cover_what_they_should() -> None:
    # Without noise a pixel well inside is light, and areas are those of the formulas, as parts of the radius squared.
    (x, y), _ = shapes.load_data(400, 0, size=64, noise=0.0)
    span = np.ptp(x.reshape(400, -1).astype(float), axis=1)
    areas = ((x[..., 0] - x.reshape(400, -1).min(1)[:, None, None]) / span[:, None, None]).sum((1, 2))
    expected = {0: np.pi, 1: 1.7**2, 2: 3 * np.sqrt(3) * 0.6**2, 3: 8 / 3 - 4 / 9}
    for label, area in expected.items():
        found = areas[y == label]
        radii = np.sqrt(found / area) / 64
        assert 0.195 < radii.min() < 0.22, shapes.CLASSES[label]
        assert 0.33 < radii.max() < 0.355, shapes.CLASSES[label]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 4}, "size must be an integer of at least 8, got 4"),
        ({"num_train": -1}, "num_train must be an integer of at least 0, got -1"),
        ({"num_test": 1.5}, "num_test must be an integer of at least 0, got 1.5"),
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
        ({"noise": 2}, r"noise must be in \[0, 1\], got 2"),
    ],
)
def test_shapes_refuse(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shapes.load_data(**arguments)


def test_a_cifar_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "test.bin").write_bytes(b"")
    with (tmp_path / "train.bin").open("wb") as file:
        file.truncate(50_000 * 3074 + 1)
    with pytest.raises(ValueError, match="expected at most 153700000 bytes, got 153700001"):
        cifar100.load_data(path=tmp_path)
