"""HDF5 files that do what files of weights do not: each is refused, and named."""

import os
import struct

import numpy as np
import pytest

from fastcnn.saving import FileFormatError
from fastcnn.saving.h5read import H5File

h5py = pytest.importorskip("h5py")


def read(path):
    with H5File(path) as h5:
        return {name: h5.read(name) for name in h5.datasets}


@pytest.fixture
def h5(tmp_path):
    path = tmp_path / "file.h5"

    def make(fill):
        with h5py.File(path, "w") as f:
            fill(f)
        return path

    return make


def test_plain_files_are_read(h5):
    def fill(f):
        f["a/b"] = np.arange(6.0).reshape(2, 3)
        f["big"] = np.arange(3, dtype=">f4")
        f["half"] = np.ones(2, np.float16)
        f["flag"] = np.array([True, False])
        f["number"] = np.int64(7)
        f["nothing"] = np.zeros((0, 3), np.float32)
        f["nan"] = np.array([np.nan], np.float32)
        f.create_dataset("packed", data=np.arange(1000), compression="gzip", shuffle=True, fletcher32=True)

    found = read(h5(fill))
    np.testing.assert_array_equal(found["a/b"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["big"], [0, 1, 2])
    assert found["big"].dtype == np.dtype("=f4")
    assert found["flag"].tolist() == [True, False]
    assert found["number"] == 7
    assert found["nothing"].shape == (0, 3)
    assert np.isnan(found["nan"]).all()
    np.testing.assert_array_equal(found["packed"], np.arange(1000))


def soft(f):
    f["a"] = np.zeros(3)
    f["b"] = h5py.SoftLink("/a")


def external_link(f):
    f["a"] = h5py.ExternalLink("/etc/passwd", "/")


def external_storage(f):
    f.create_dataset("a", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(f):
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", (10,))
    f.create_virtual_dataset("a", layout)


def loop(f):
    f["a"] = f["/"]


def group_twice(f):
    f["a/x"] = np.zeros(3)
    f["b"] = f["a"]


def deep(f):
    group = f
    for _ in range(70):
        group = group.create_group("g")


def references(f):
    f["a"] = np.zeros(3)
    f.create_dataset("b", data=f["a"].ref, dtype=h5py.ref_dtype)


def text(f):
    f["a"] = ["some", "text"]


def records(f):
    f["a"] = np.zeros(3, [("x", "f4")])


def variable_length(f):
    f.create_dataset("a", (3,), h5py.vlen_dtype(np.float32))


def complex_numbers(f):
    f["a"] = np.zeros(3, np.complex64)


def no_shape(f):
    f["a"] = h5py.Empty("f4")


def named_type(f):
    f["a"] = np.dtype("f4")


def never_written(f):
    f.create_dataset("a", (1 << 40,), "f4")


def chunks_never_written(f):
    f.create_dataset("a", (1 << 32,), "f4", chunks=(1 << 10,), compression="gzip")


def many_of_them(f):
    for i in range(20):
        f.create_dataset(f"a{i}", (1 << 20,), "f4", chunks=(1 << 10,), compression="gzip")


def large_chunk(f):
    f.create_dataset("a", (1,), "u1", maxshape=(None,), chunks=(1 << 28,), compression="gzip")


def lzf(f):
    f.create_dataset("a", data=np.zeros(100), compression="lzf")


HOSTILE = [
    (soft, "'b' is a SoftLink"), (external_link, "'a' is a ExternalLink"), (external_storage, "from other files"),
    (virtual, "from other files"), (loop, "reached twice"), (group_twice, "reached twice"), (deep, "too deep"),
    (references, "must hold numbers"), (text, "must hold numbers"), (records, "must hold numbers"),
    (variable_length, "must hold numbers"), (complex_numbers, "must hold numbers"), (no_shape, "has no shape"),
    (named_type, "only groups and datasets"), (never_written, "stored are 0"), (chunks_never_written, "exhaust memory"),
    (many_of_them, "exhaust memory"), (large_chunk, "exhaust memory"), (lzf, "only the filters gzip, shuffle"),
]  # fmt: skip


@pytest.mark.parametrize(("fill", "message"), HOSTILE, ids=[fill.__name__ for fill, _ in HOSTILE])
def test_refused(h5, fill, message):
    with pytest.raises(FileFormatError, match=message):
        read(h5(fill))


def test_attributes(h5):
    def fill(f):
        f.attrs["text"] = "a text"
        f.attrs["bytes"] = np.bytes_(b"old")
        f.attrs["list"] = [b"a", b"bc"]
        f.attrs["numbers"] = [1, 2]
        f.attrs["texts"] = ["a", "b"]
        f.attrs["none"] = np.zeros(0)
        for i in range(3):
            f.attrs[f"parts{i}"] = [f"{i}a".encode(), f"{i}b".encode()]

    with H5File(h5(fill)) as file:
        assert file.attribute("", "text") == "a text"
        assert file.attribute("", "bytes") == "old"
        assert file.texts("", "list") == ["a", "bc"]
        assert file.texts("", "none") == []
        assert file.texts("", "absent") == []
        assert file.texts("", "parts") == ["0a", "0b", "1a", "1b", "2a", "2b"]
        with pytest.raises(FileFormatError, match="must be a list of texts"):
            file.attribute("", "numbers")
        assert file.attribute("", "texts") == ["a", "b"]
        with pytest.raises(FileFormatError, match="no dataset 'x'"):
            file.read("x")


def many_texts(f):
    f.attrs["long"] = "x" * 60_000
    f.attrs.create("many", ["a"] * 3000, dtype=h5py.string_dtype())


def test_texts_count_as_long_as_they_are(h5):
    """Beside one long text, many short ones would need 180 MB if all were as long."""
    with H5File(h5(many_texts)) as file:
        assert len(file.attribute("", "long")) == 60_000
        assert file.attribute("", "many") == ["a"] * 3000
    inside = h5(many_texts).read_bytes()
    with H5File("a member", inside) as file:
        assert file.attribute("", "many") == ["a"] * 3000


def test_texts_that_are_all_one(h5):
    path = h5(many_texts)
    data = path.read_bytes()
    short = data.rindex(struct.pack("<Q", 3000)) + 8
    assert data[short : short + 4] == struct.pack("<I", 1)
    long = data.index(struct.pack("<I", 60_000), data.index(b"long\0"))
    path.write_bytes(data[:short] + data[long : long + 16] * 3000 + data[short + 48_000 :])
    with H5File(path) as file, pytest.raises(FileFormatError, match="'many' asks for 180000000 bytes"):
        file.attribute("", "many")


def test_attributes_in_heaps_are_taken_to_be_as_long_as_can_be(tmp_path):
    def fill(f):
        many_texts(f)
        for i in range(20):
            f.attrs[f"more{i}"] = i

    with h5py.File(tmp_path / "f.h5", "w", libver="latest") as f:
        fill(f)
    with H5File(tmp_path / "f.h5") as file, pytest.raises(FileFormatError, match="exhaust memory"):
        file.attribute("", "many")


def test_heaps_that_libhdf5_would_walk_through_for_ever(h5):
    path = h5(lambda f: f.attrs.create("text", "a text"))
    data = bytearray(path.read_bytes())
    at = data.index(b"GCOL")
    for place, value in ((at + 16, b"\0" * 16), (at + 24, b"\xff" * 8), (at + 8, b"\xff" * 8), (at + 4, b"\7")):
        bad = data.copy()
        bad[place : place + len(value)] = value
        path.write_bytes(bytes(bad))
        with H5File(path) as file, pytest.raises(FileFormatError, match="the heap at byte"):
            file.attribute("", "text")


def test_no_hdf5(tmp_path):
    (tmp_path / "file.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    with pytest.raises(FileFormatError, match="no valid HDF5 file"):
        read(tmp_path / "file.h5")


def test_cut_off(h5):
    path = h5(lambda f: f.create_dataset("a", data=np.arange(1000)))
    os.truncate(path, os.path.getsize(path) - 100)  # noqa: PTH202
    with pytest.raises(FileFormatError, match="HDF5"):
        read(path)


def test_without_h5py(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[h5\]"'):
        read(tmp_path / "file.h5")


def test_an_attribute_that_points_elsewhere(h5):
    path = h5(lambda f: f.attrs.create("root", f.ref, dtype=h5py.ref_dtype))
    with H5File(path) as file, pytest.raises(FileFormatError, match="attribute 'root' of '/' must hold text"):
        file.attribute("", "root")
