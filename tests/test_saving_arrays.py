"""Files of arrays: what is written is read again, what is odd is refused, memory is bounded."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from torch_files import with_large_end

from fastcnn.saving import (
    FileFormatError,
    read_npz,
    read_safetensors,
    safetensors,
    torch_file,
    write_npz,
    write_safetensors,
)
from fastcnn.saving.gate import Source, admit, parse_json

DTYPES = "float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool".split()  # noqa: SIM905


def some_arrays():
    rng = np.random.default_rng(0)
    arrays = {name: (rng.random((3, 4)) * 100).astype(name) for name in DTYPES}
    return arrays | {
        "empty": np.zeros((0, 5), np.float32),
        "number": np.float32(3.5),
        "nan": np.array([np.nan, np.inf]),
    }


@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_round_trip(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    arrays = some_arrays() | {"transposed": np.arange(6.0).reshape(2, 3).T, "big endian": np.arange(3, dtype=">f4")}
    (write_safetensors if kind == "safetensors" else write_npz)(path, arrays)
    got = read_safetensors(path)[0] if kind == "safetensors" else read_npz(path)
    assert list(got) == list(arrays)
    for name, array in arrays.items():
        assert got[name].dtype == np.asarray(array).dtype.newbyteorder("="), name
        np.testing.assert_array_equal(got[name], array)
        assert got[name].flags.writeable or got[name].ndim == 0
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_numpy_reads_npz(tmp_path):
    write_npz(tmp_path / "a.npz", some_arrays())
    with np.load(tmp_path / "a.npz") as loaded:
        for name, array in some_arrays().items():
            np.testing.assert_array_equal(loaded[name], array)


def test_compressed_npz(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **some_arrays())
    assert list(read_npz(tmp_path / "a.npz")) == list(some_arrays())


def test_other_safetensors_library(tmp_path):
    other = pytest.importorskip("safetensors.numpy")
    arrays = {k: np.asarray(v) for k, v in some_arrays().items()}
    write_safetensors(tmp_path / "a.safetensors", arrays, {"by": "fastcnn"})
    for name, array in other.load_file(tmp_path / "a.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])
    other.save_file(arrays, tmp_path / "b.safetensors", metadata={"by": "them"})
    tensors, metadata = read_safetensors(tmp_path / "b.safetensors")
    assert metadata == {"by": "them"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(tensors[name], array)


def raw(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_bfloat16_becomes_float32(tmp_path):
    values = np.array([1.0, -2.5, np.inf], np.float32)
    half = (values.view(np.uint32) >> 16).astype("<u2")
    (tmp_path / "b.safetensors").write_bytes(raw({"x": entry("BF16", (3,), (0, 6))}, half.tobytes()))
    tensors, _ = read_safetensors(tmp_path / "b.safetensors")
    np.testing.assert_array_equal(tensors["x"], values)
    assert tensors["x"].dtype == np.float32


BAD_SAFETENSORS = {
    "nothing": (b"", "at least 8 bytes"),
    "header longer than the file": (raw({}, length=1 << 62), "claims"),
    "header of 100 MB and 1": (raw({}, length=100_000_001), "claims"),
    "no brace": (raw(b'[{"a": 1}]'), "must begin with"),
    "no JSON": (raw(b"{" + b"x" * 10), "no valid JSON"),
    "no UTF-8": (raw(b'{"\xff\xfe": 1}'), "no valid JSON"),
    "deep": (raw(b'{"a":' * 60_000), "nested too deeply|no valid JSON"),
    "key twice": (raw(b'{"a": {"dtype":"F32","shape":[0],"data_offsets":[0,0]}, "a": 1}'), "'a' occurs twice"),
    "metadata of numbers": (raw({"__metadata__": {"a": 1}}), "must hold strings"),
    "hole": (raw({"x": entry(), "y": entry(offsets=(9, 17))}, bytes(17)), "begins at 9"),
    "overlap": (raw({"x": entry(), "y": entry(offsets=(4, 12))}, bytes(12)), "begins at 4"),
    "same place": (raw({"x": entry(), "y": entry()}, bytes(8)), "begins at 0"),
    "bytes left over": (raw({"x": entry()}, bytes(9)), "the tensors end at"),
    "cut off": (raw({"x": entry()}, bytes(7)), "the tensors end at"),
    "size and shape": (raw({"x": entry(shape=(3,))}, bytes(8)), "has 12 bytes, not 8"),
    "huge shape": (raw({"x": entry(shape=(2**40, 2**40, 2**40))}, bytes(8)), "bytes, not 8"),
    "huge offsets": (raw({"x": entry(shape=(2**61,), offsets=(0, 2**63 - 1))}, bytes(8)), "bytes, not"),
    "offset of 64 bits": (raw({"x": entry(offsets=(0, 2**63))}, bytes(8)), "two places in order"),
    "negative": (raw({"x": entry(shape=(-2,))}, bytes(8)), "at most 32 sizes"),
    "bools as sizes": (raw({"x": entry(shape=(True, 2))}, bytes(8)), "at most 32 sizes"),
    "40 dimensions": (raw({"x": entry(shape=(1,) * 40, offsets=(0, 4))}, bytes(4)), "at most 32 sizes"),
    "offsets backwards": (raw({"x": entry(offsets=(8, 0))}, bytes(8)), "two places in order"),
    "dtype": (raw({"x": entry(dtype="F8_E4M3")}, bytes(8)), "dtype must be one of BF16"),
    "dtype a list": (raw({"x": entry(dtype=[])}, bytes(8)), "dtype must be one of BF16"),
    "entry no dict": (raw({"x": 3}), "needs dtype, shape and data_offsets"),
    "more keys": (raw({"x": entry() | {"path": "/etc/passwd"}}, bytes(8)), "nothing else"),
    "bool of 7": (raw({"x": entry("BOOL", (1,), (0, 1))}, b"\7"), "neither 0 nor 1"),
}


@pytest.mark.parametrize("name", BAD_SAFETENSORS)
def test_bad_safetensors(tmp_path, name):
    data, message = BAD_SAFETENSORS[name]
    (tmp_path / "bad.safetensors").write_bytes(data)
    with pytest.raises(FileFormatError, match=message):
        read_safetensors(tmp_path / "bad.safetensors")


def npy(shape=(2,), dtype="<f4", data=bytes(8), header=None):
    text = header or repr({"descr": dtype, "fortran_order": False, "shape": shape})
    text = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


def archive(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zf:
        for name, data in members:
            zf.writestr(name, data)
    return file.getvalue()


def patched(data, old, new):
    assert old in data
    return data.replace(old, new)


def says_more(data):
    """The directory's size of the first member, one byte too large."""
    at = data.index(b"PK\1\2") + 24
    size = struct.unpack_from("<I", data, at)[0]
    return data[:at] + struct.pack("<I", size + 1) + data[at + 4 :]


GOOD = archive([("x.npy", npy())])
LARGE = with_large_end(GOOD)
BAD_NPZ = {
    "no zip": (b"PK" + bytes(100), "no zip archive"),
    "empty": (b"", "no zip archive"),
    "comment": (GOOD[:-2] + b"\4\0text", "behind its end"),
    "cut off": (GOOD[:-1], "no zip archive"),
    "directory too large": (GOOD[:-10] + struct.pack("<I", 1 << 30) + GOOD[-6:], "larger than the archive"),
    "second end that is missing": (GOOD[:-22] + b"PK\6\7" + bytes(16) + GOOD[-22:], "not where it should be"),
    "second end that lies": (LARGE[:-58] + struct.pack("<Q", 1 << 40) + LARGE[-50:], "larger than the archive"),
    "no array": (archive([("x.txt", b"hello")]), "no .npy array"),
    "up": (archive([("../x.npy", npy())]), "outside of it"),
    "absolute": (archive([("/x.npy", npy())]), "outside of it"),
    "wrong checksum": (patched(GOOD, bytes(8), b"\1" + bytes(7)) if GOOD.count(bytes(8)) == 1 else GOOD[:160] + b"\1" + GOOD[161:], "cannot be read"),
    "magic": (archive([("x.npy", b"\x93NUMPX" + npy()[6:])]), "in the .npy format|must hold numbers"),
    "version 3": (archive([("x.npy", b"\x93NUMPY\3\0" + npy()[8:])]), "in the .npy format|must hold numbers"),
    "header cut off": (archive([("x.npy", npy()[:40])]), "in the .npy format|must hold numbers"),
    "header with a call": (archive([("x.npy", npy(header="__import__('os').system('true')"))]), "in the .npy format|must hold numbers"),
    "header of 20 kB": (archive([("x.npy", b"\x93NUMPY\1\0" + struct.pack("<H", 20000) + b" " * 20000)]), "in the .npy format|must hold numbers"),
    "shape too large": (archive([("x.npy", npy((2**50,)))]), "has 4503599627370496 bytes, not 8"),
    "negative shape": (archive([("x.npy", npy((-2,)))]), "must hold numbers"),
    "33 dimensions": (archive([("x.npy", npy((1,) * 33))]), "has 33 dimensions, more than 32"),
    "objects": (archive([("x.npy", npy(dtype="|O"))]), "must hold numbers"),
    "text": (archive([("x.npy", npy(dtype="<U1"))]), "must hold numbers"),
    "records": (archive([("x.npy", npy(dtype=[("a", "<f4")]))]), "must hold numbers"),
    "complex": (archive([("x.npy", npy((1,), dtype="<c8"))]), "must hold numbers"),
    "bool of 7": (archive([("x.npy", npy((1,), "|b1", b"\7"))]), "neither 0 nor 1"),
    "bomb": (archive([("x.npy", npy((100_000_000,), "|u1", bytes(100_000_000)))], zipfile.ZIP_DEFLATED), "asks for 1000001.."),
    "many small bombs": (archive([(f"{i}.npy", npy((9_000_000,), "|u1", bytes(9_000_000))) for i in range(8)], zipfile.ZIP_DEFLATED), "exhaust memory"),
    "directory of other bytes": (patched(GOOD, b"PK\1\2", b"PK\1\1"), "this is no valid zip archive: Bad magic number"),
    "directory that says more": (says_more(GOOD), r"member 'x.npy' has 137 bytes, its directory says 138"),
    "bzip2": (archive([("x.npy", npy())], zipfile.ZIP_BZIP2), "must be stored or deflated"),
}  # fmt: skip


def test_an_archive_that_ends_as_those_of_more_than_4_gb(tmp_path):
    (tmp_path / "large.npz").write_bytes(LARGE)
    assert list(read_npz(tmp_path / "large.npz")) == ["x"]


@pytest.mark.parametrize("name", BAD_NPZ)
def test_bad_npz(tmp_path, name):
    data, message = BAD_NPZ[name]
    (tmp_path / "bad.npz").write_bytes(data)
    with pytest.raises(FileFormatError, match=message):
        read_npz(tmp_path / "bad.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_twice(tmp_path):
    (tmp_path / "bad.npz").write_bytes(archive([("x.npy", npy()), ("x.npy", npy())]))
    with pytest.raises(FileFormatError, match="'x.npy' twice"):
        read_npz(tmp_path / "bad.npz")


@pytest.mark.parametrize("write", [write_safetensors, write_npz])
def test_only_numbers_are_written(tmp_path, write):
    for value in (np.array(["text"]), np.array([object()], object)):
        with pytest.raises(TypeError, match="tensor 'x'"):
            write(tmp_path / "a.bin", {"x": value})
    assert not list(tmp_path.iterdir())


def test_names_and_metadata_of_safetensors(tmp_path):
    with pytest.raises(ValueError, match="cannot be called '__metadata__'"):
        write_safetensors(tmp_path / "a.safetensors", {"__metadata__": np.zeros(1)})
    with pytest.raises(TypeError, match="metadata must be strings"):
        write_safetensors(tmp_path / "a.safetensors", {}, {"a": 1})


def test_gate_counts_everything():
    source = Source("file", 0)
    admit(source.limit, source)
    with pytest.raises(FileFormatError, match="asks for 1 bytes"):
        admit(1, source)
    with pytest.raises(FileFormatError, match="asks for -1 bytes"):
        admit(-1, Source("file", 0))


def test_json_with_too_many_values():
    with pytest.raises(FileFormatError, match="the text asks for"):
        parse_json(b"[" + b"[]," * 1_000_000 + b"0]", Source("file", 0), "the text")


def test_a_header_that_the_format_does_not_allow(tmp_path, monkeypatch):
    monkeypatch.setattr("fastcnn.saving.safetensors.HEADER_LIMIT", 100)
    with pytest.raises(ValueError, match="the header would have 1.. bytes; the format allows 100"):
        write_safetensors(tmp_path / "x.safetensors", {"x": np.zeros(1)}, {"by": "m" * 100})
    assert not (tmp_path / "x.safetensors").exists()


def test_files_that_shrink_while_they_are_read():
    source = Source("file", 100)
    with pytest.raises(FileFormatError, match="the file ended while it was being read"):
        safetensors._fill(io.BytesIO(bytes(3)), source, np.empty(4, np.uint8))
    with pytest.raises(FileFormatError, match="the file ended while it was being read"):
        torch_file._exactly(io.BytesIO(bytes(3)), 4, source)
