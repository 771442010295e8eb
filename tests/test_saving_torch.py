"""State dicts of PyTorch: both formats, every dtype, views; and pickles that try what data must not do."""

import io
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch_files as t
from torch_files import Call, Name, Outside

from fastcnn.saving import FileFormatError, read_torch

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv.weight": RNG.random((4, 3, 2, 2), np.float32),
    "conv.bias": RNG.random(4),
    "half": RNG.random((2, 3)).astype("float16"),
    "long": RNG.integers(-(2**40), 2**40, (5,)),
    "int": RNG.integers(-99, 99, (2, 2), np.int32),
    "short": RNG.integers(-99, 99, 3, np.int16),
    "char": RNG.integers(-99, 99, 3, np.int8),
    "byte": RNG.integers(0, 255, 3, np.uint8),
    "bool": np.array([True, False]),
    "bn.num_batches_tracked": np.array(7),
    "nothing": np.zeros((0, 3), np.float32),
}


def read(path, data):
    path.write_bytes(data)
    return read_torch(path)


@pytest.fixture
def pth(tmp_path):
    return tmp_path / "w.pth"


def written(arrays, form):
    content, rows = t.described(arrays, form == "pickles")
    if form == "pickles":
        widths = {str(i): np.asarray(a).itemsize for i, a in enumerate(arrays.values())}
        return t.row_of_pickles(content, rows, widths=widths)
    return t.archive(content, rows, large=form == "archive")


@pytest.mark.parametrize("form", ["archive", "small archive", "pickles"])
def test_every_dtype(pth, form):
    got = read(pth, written(ARRAYS, form))
    assert list(got) == list(ARRAYS)
    for name, a in ARRAYS.items():
        assert got[name].dtype == a.dtype
        np.testing.assert_array_equal(got[name], a)


def archive(content, rows=None):
    return t.archive(content, {"0": np.arange(12, dtype="f4").tobytes()} if rows is None else rows)


ROW = t.storage("0", "float32", 12)
NUMBERS = np.arange(12, dtype="f4")


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "expected"),
    [
        ((3, 4), (4, 1), 0, NUMBERS.reshape(3, 4)),
        ((4, 3), (1, 4), 0, NUMBERS.reshape(3, 4).T),
        ((2, 3), (6, 2), 1, NUMBERS[1:].reshape(1, 11)[:, [[0, 2, 4], [6, 8, 10]]][0]),
        ((), (), 11, np.array(11, "f4")),
        ((1, 2), (10**9, 1), 10, NUMBERS[None, 10:]),
    ],
)
def test_strides(pth, shape, strides, offset, expected):
    got = read(pth, archive({"w": t.tensor(ROW, shape, strides, offset)}))["w"]
    np.testing.assert_array_equal(got, expected)


def test_bfloat16(pth):
    row = struct.pack("<3H", 0x3F80, 0xC040, 0x7F80)
    content = {"w": t.tensor(t.storage("0", "BFloat16", 3), (3,))}
    for data in (t.archive(content, {"0": row}), t.row_of_pickles(content, {"0": row}, widths={"0": 2})):
        got = read(pth, data)["w"]
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, [1, -3, np.inf])


def test_tied_weights_and_views_of_a_storage(pth):
    whole = t.storage("0", "float32", 12, None)
    part = t.storage("0", "float32", 12, ("99", 4, 3))
    content = {"a": t.tensor(whole, (12,)), "b": t.tensor(whole, (2,), offset=5), "c": t.tensor(part, (3,))}
    got = read(pth, t.row_of_pickles(content, {"0": NUMBERS.tobytes()}))
    assert [got[k].tolist() for k in "bc"] == [[5, 6], [4, 5, 6]]
    wrong = {"a": t.tensor(t.storage("0", "float32", 12, ("99", 10, 3)), (3,))}
    with pytest.raises(FileFormatError, match="a view is larger than its storage"):
        read(pth, t.row_of_pickles(wrong, {"0": NUMBERS.tobytes()}))


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_checkpoints(pth, key):
    """Only the weights are read; what a training run keeps beside them is passed over."""
    state = {"step": 3, "exp_avg": t.tensor(t.storage("1", "float32", 3), (3,))}
    settings = Call("argparse Namespace", ())
    best = Call("numpy._core.multiarray scalar", (Call("numpy dtype", ("f4", False, True)), "x"))
    content = {"epoch": 3, "optimizer": {"state": {0: state}}, key: {"w": t.tensor(ROW, (12,)), "note": None}, "args": settings, "best": best, "dtype": Name("torch float16"), "list": [1.0] and [1]}  # fmt: skip
    rows = {"1": bytes(12), "0": NUMBERS.tobytes()}
    for data in (t.archive(content, rows), t.row_of_pickles(content, rows)):
        got = read(pth, data)
        assert list(got) == ["w"]
        np.testing.assert_array_equal(got["w"], NUMBERS)


def test_old_pickles_of_python_2(pth):
    """Short texts, dicts made of pairs, parameters, tensors of the first version."""
    old = Call("torch._utils _rebuild_tensor", (t.storage("0", "float32", 12, None), 0, (12,), (1,)))
    pairs = [["a", Call("torch.nn.parameter Parameter", (old,))], ["b", Call("torch._utils _rebuild_parameter", (old, True, {}))]]  # fmt: skip
    flagged = t.emit(Call("collections OrderedDict", (pairs,))) + t.emit({"_metadata": {}}) + b"b"
    data = b"\x80\x02" + flagged.replace(b"X\1\0\0\0a", b"U\1a") + b"."
    got = read(pth, t.row_of_pickles(data, {"0": NUMBERS.tobytes()}))
    assert list(got) == ["a", "b"]


def test_the_memo_and_newer_protocols(pth):
    words = b"\x80\x04\x95" + bytes(8) + b"}(\x8c\1wq\0\x94h\0\x8c\0j\1\0\0\0uN0(K\0K\0011."
    with pytest.raises(FileFormatError, match=r"no tensors in its dict; the keys are \['w', ''\]"):
        read(pth, archive(words))


def pickle_of(*instructions):
    return b"\x80\x02" + b"".join(instructions) + b"."


SYSTEM = t.emit(Name("os system")) + t.emit(("touch /tmp/fastcnn-was-here",)) + b"R"
HOSTILE = {
    "os.system": (pickle_of(SYSTEM), "asks for 'os.system'"),
    "posix.system": (pickle_of(SYSTEM.replace(b"os\nsystem", b"posix\nsystem")), "'posix.system'"),
    "eval": (pickle_of(t.emit(Call("builtins eval", ("1",)))), "'builtins.eval'"),
    "eval of Python 2": (pickle_of(t.emit(Call("__builtin__ eval", ("1",)))), "'__builtin__.eval'"),
    "getattr": (pickle_of(t.emit(Call("builtins getattr", (Name("os path"), "x")))), "'builtins.getattr'"),
    "a dotted name": (pickle_of(t.emit(Name("collections OrderedDict.__class__"))), "OrderedDict.__class__"),
    "a name from the stack": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "'os.system'"),
    "importlib": (pickle_of(t.emit(Call("importlib import_module", ("os",)))), "'importlib.import_module'"),
    "torch.load": (pickle_of(t.emit(Call("torch load", ("x",)))), "'torch.load'"),
    "numpy's reader of texts": (pickle_of(t.emit(Call("numpy loads", ("x",)))), "'numpy.loads'"),
    "a whole model": (pickle_of(t.emit(Call("torchvision.models.resnet ResNet", ()))), "save model.state_dict"),
    "an instance": (pickle_of(b"(i", b"os\nsystem\n"), "instruction b'i'"),
    "an object": (pickle_of(b"(", t.emit(Name("os system")), b"o"), "'os.system'"),
    "an extension": (pickle_of(b"\x82\x01"), r"instruction b'\\x82'"),
    "a text that is evaluated": (pickle_of(b"S'x'\n"), "instruction b'S'"),
    "a name of numbers": (b"\x80\x04K\1K\2\x93.", "names must be texts"),
    "a tuple of too few": (pickle_of(b"K\1\x86"), "too few values for a tuple"),
    "an item for a number": (pickle_of(b"K\1K\2a"), "a int cannot be appended to"),
    "a key for a number": (pickle_of(b"K\1K\2K\3s"), "a int has no keys"),
    "a buffer from outside": (pickle_of(b"\x97"), r"instruction b'\\x97'"),
    "the call of a storage": (pickle_of(t.emit(Call("torch FloatStorage", ()))), "is not to be called"),
    "a call of what is no name": (pickle_of(b"K\1)R"), "only names can be called"),
    "a state for a name": (pickle_of(t.emit(Name("collections OrderedDict")), b"}b"), "is given a state"),
    "a module": (pickle_of(t.emit(Outside(("module", Name("torch Size"), "a", "b", "c")))), "not described as one"),
    "a protocol to come": (b"\x80\x09.", "protocol 9"),
    "a name that is cut off": (pickle_of(b"ccollections"), "its pickle is cut off"),
    "no end": (b"\x80\x02K", "is cut off|has the instruction"),
    "nothing on the stack": (pickle_of(b"0"), "is damaged"),
    "no mark": (pickle_of(b"t"), "is damaged"),
    "a memo that is not there": (pickle_of(b"h\7"), "is damaged"),
    "a huge integer": (pickle_of(b"\x8a\xff" + bytes(255)), "integer of 255 bytes"),
    "an integer of 4 GB": (pickle_of(b"\x8b\xff\xff\xff\x7f"), "instruction"),
    "a text of 4 GB": (pickle_of(b"X\xff\xff\xff\xff"), "a text of its pickle asks for"),
    "a text of 2**62 bytes": (pickle_of(b"\x8d" + struct.pack("<Q", 2**62)), "a text of its pickle asks for"),
    "no UTF-8": (pickle_of(b"U\1\xff"), "is damaged"),
    "no dict": (pickle_of(t.emit([1])), "no state dict but a list"),
    "nothing": (pickle_of(t.emit({})), "no tensors"),
    "texts only": (pickle_of(t.emit({"state_dict": {"a": "b"}})), "no tensors"),
    "a list as a key": (pickle_of(b"}]K\1s"), "a list as the key"),
    "a nest of tuples as a key": (pickle_of(b"}", b")" + b"2\x86" * 3, b"K\1s"), "instruction b'2'"),
    "laughs": (pickle_of(b"}", b")", b"".join(b"q\0h\0\x86" for _ in range(60)), b"K\1s"), "a tuple as the key"),
    "a dict that holds itself": (pickle_of(b"}q\0X\5\0\0\0modelh\0s"), "no tensors"),
    "deep lists": (pickle_of(b"]" * 100_000 + b"a" * 99_999), "no state dict but a list"),
    "deep tuples": (pickle_of(b")" + b"\x85" * 100_000), "no state dict but a tuple"),
    "deep dicts": (pickle_of(b"}" + b"K\0}" * 100_000 + b"s" * 100_000), "no tensors"),
    "a memo bomb": (pickle_of(b"}" + b"".join(b"r" + struct.pack("<I", i) for i in range(600_000))), "its pickle asks"),
    "many empty dicts": (pickle_of(b"}" * 2_000_000), "its pickle asks for"),
    "many marks": (pickle_of(b"(" * 2_000_000), "its pickle asks for"),
    "copies of a dict": (
        pickle_of(t.emit(Name("collections OrderedDict")), b"q\1", t.emit([(i, 0) for i in range(20_000)]), b"\x85q\0", b"h\1h\0R" * 2000),
        "a dict of its pickle asks",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["archive", "pickles"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles(pth, name, form):
    data, message = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(FileFormatError, match=message):
        read(pth, archive(data) if form == "archive" else t.row_of_pickles(data, {"0": NUMBERS.tobytes()}))
    assert time.process_time() - start < 20
    assert not Path("/tmp/fastcnn-was-here").exists()


def of(tensor, **more):
    return {"w": tensor, **more}


BAD_TENSORS = {
    "negative strides": (t.tensor(ROW, (3,), (-1,), 5), "-1 as a size, an offset or a stride"),
    "a negative size": (t.tensor(ROW, (-3,), (1,)), "-3 as a size"),
    "a negative offset": (t.tensor(ROW, (3,), (1,), -1), "-1 as a size"),
    "overlapping strides": (t.tensor(ROW, (3, 4), (1, 1)), r"overlapping strides \(1, 1\)"),
    "strides of zero": (t.tensor(ROW, (10**9, 10**9), (0, 0)), "overlapping strides"),
    "more than there is": (t.tensor(ROW, (13,)), r"'w' of shape \(13,\).* reaches beyond its storage of 12"),
    "an offset too far": (t.tensor(ROW, (3,), (1,), 10), "reaches beyond"),
    "a stride too far": (t.tensor(ROW, (2,), (2**61,), 0), "reaches beyond"),
    "an empty tensor larger than memory": (t.tensor(ROW, (0, 2**40, 2**40), (1, 1, 1)), "larger than any memory"),
    "40 dimensions": (t.tensor(ROW, (1,) * 40, (1,) * 40), "40 dimensions"),
    "100 dimensions": (t.tensor(ROW, (1,) * 100, (1,) * 100), "100 sizes"),
    "strides missing": (t.tensor(ROW, (3, 4), (1,)), "2 sizes and 1 strides"),
    "a size that is a text": (t.tensor(ROW, ("3",), (1,)), "str as a size"),
    "a size that is a bool": (t.tensor(ROW, (True,), (1,)), "bool as a size"),
    "sizes in a list": (Call("torch._utils _rebuild_tensor_v2", (ROW, 0, [3], [1])), "not described as one"),
    "no storage": (Call("torch._utils _rebuild_tensor_v2", (None, 0, (3,), (1,))), "not described as one"),
    "no arguments": (Call("torch._utils _rebuild_tensor_v2", ()), "damaged"),
    "a parameter of nothing": (Call("torch._utils _rebuild_parameter", (None, True)), "made of a tensor"),
    "an OrderedDict of numbers": (Call("collections OrderedDict", ([1],)), "damaged"),
    "an OrderedDict of a number": (Call("collections OrderedDict", (1,)), "made of pairs"),
    "a storage that lies": (t.tensor(t.storage("0", "float32", 13), (13,)), "48 bytes|12 numbers"),
    "a storage that lies much": (t.tensor(t.storage("0", "float32", 2**50), (3,)), "48 bytes|12 numbers"),
    "a storage of another type": (t.tensor(t.storage("0", "float64", 12), (3,)), "48 bytes|so many are not"),
    "a storage that is not there": (t.tensor(t.storage("7", "float32", 12), (3,)), "no member|is damaged|so many are not|is missing"),
    "a storage out of the folder": (t.tensor(t.storage("../../data.pkl", "float32", 12), (3,)), "no member|so many are not"),
    "an unknown kind of storage": (t.tensor(t.storage("0", "Quantized", 12), (3,)), "asks for 'torch.QuantizedStorage'"),
}  # fmt: skip


@pytest.mark.parametrize("form", ["archive", "pickles"])
@pytest.mark.parametrize("name", BAD_TENSORS)
def test_bad_tensors(pth, name, form):
    tensor, message = BAD_TENSORS[name]
    rows = {"0": NUMBERS.tobytes()}
    with pytest.raises(FileFormatError, match=message):
        read(pth, t.archive(of(tensor), rows) if form == "archive" else t.row_of_pickles(of(tensor), rows))


def test_many_transposed_views_take_no_memory(pth):
    big = t.storage("0", "float32", 1 << 20)
    content = {str(i): t.tensor(big, (1 << 10, 1 << 10), (1, 1 << 10)) for i in range(200)}
    got = read(pth, t.archive(content, {"0": bytes(4 << 20)}))
    assert all(np.shares_memory(a, got["0"]) for a in got.values())


def test_two_descriptions_of_a_storage(pth):
    content = {"a": t.tensor(ROW, (3,)), "b": t.tensor(t.storage("0", "int32", 12), (3,))}
    with pytest.raises(FileFormatError, match="'b': its storage is described twice, and differently"):
        read(pth, archive(content))


GOOD = of(t.tensor(ROW, (12,)))


def other_byte_order():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("a/data.pkl", t.pickled(GOOD))
        out.writestr("a/byteorder", "big")
    return file.getvalue()


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a/data.pkl", t.pickled(of(t.tensor(t.storage("0", "float32", 50 << 20), (50 << 20,)))))
        out.writestr("a/data/0", bytes(200 << 20))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: t.archive(GOOD, {"0": bytes(48), "1": bytes(48)}).replace(b"data/1", b"data/0"), "twice"),
        (lambda: t.archive(GOOD, {}, [("other/data.pkl", b"")]), "one data.pkl"),
        (lambda: t.archive(GOOD, {}, root="a/b"), "one data.pkl"),
        (lambda: t.archive(GOOD, {}, [("../x", b"")]), "outside of it"),
        (lambda: t.archive(GOOD, {}, [("/etc/x", b"")]), "outside of it"),
        (lambda: t.archive(GOOD, {}, [("archive/constants.pkl", b"")]), "TorchScript program"),
        (lambda: t.archive(GOOD, {}, [("archive/code/__torch__.py", b"")]), "TorchScript program"),
        (lambda: archive(GOOD).replace(b"little", b"big\0\0\0"), "byte order|cannot be read"),
        (lambda: archive(GOOD)[:-1], "no zip archive"),
        (other_byte_order, "byte order b'big'; only little-endian files are read"),
        (lambda: archive(GOOD) + b"x", "no zip archive"),
        (lambda: archive(GOOD).replace(NUMBERS.tobytes(), bytes(48)), "Bad CRC-32"),
        (lambda: archive(GOOD).replace(b"PK\6\6", b"PK\6\5"), "not where it should be"),
        (bomb, "asks for 209715200 bytes"),
        (lambda: b"PK\3\4", "no zip archive"),
        (lambda: t.pickled(5), "magic number is missing"),
        (lambda: t.MAGIC + t.pickled(1002), "unknown protocol"),
        (lambda: t.MAGIC + t.pickled(1001) + t.pickled({"little_endian": False}), "little-endian"),
        (lambda: t.row_of_pickles(GOOD, {}, keys=[["0"]]), "list of its storages"),
        (lambda: t.row_of_pickles(GOOD, {}, keys=["0", "0"]), "list of its storages"),
        (lambda: t.row_of_pickles(GOOD, {}, keys=[]), "'0' is missing"),
        (lambda: t.row_of_pickles(GOOD, {"0": NUMBERS.tobytes()})[:-1], "claims 12 numbers"),
        (lambda: t.row_of_pickles(GOOD, {"0": NUMBERS.tobytes()}, widths={"0": 8}), "claims 6 numbers|has 6 numbers"),
        (lambda: t.row_of_pickles(GOOD, {"0": NUMBERS.tobytes()}, widths={"0": -1}), "claims -48 numbers"),
        (lambda: b"", "cut off"),
    ],
)  # fmt: skip
def test_bad_files(pth, data, message):
    with pytest.raises(FileFormatError, match=message):
        read(pth, data())


def test_bools_are_bools(pth):
    with pytest.raises(FileFormatError, match="neither 0 nor 1"):
        read(pth, t.archive(of(t.tensor(t.storage("0", "bool", 2), (2,))), {"0": b"\1\2"}))
