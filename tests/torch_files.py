"""Files of PyTorch and ONNX files, made without either: the bytes of pickles, archives and messages, written out."""

import io
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

STORAGES = {"float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}  # fmt: skip
MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


class Name(NamedTuple):
    path: str


class Call(NamedTuple):
    path: str
    arguments: tuple[Any, ...]


class Outside(NamedTuple):
    """What the pickle refers to by a persistent id."""

    identity: tuple[Any, ...]


def emit(value):
    """The instructions that make a value."""
    kind = type(value)
    if value is None or kind is bool:
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if kind is int and 0 <= value < 256:
        return b"K" + bytes([value])
    if kind is int and -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    if kind is int:
        return b"\x8a\x08" + struct.pack("<q", value)
    if kind is str:
        data = value.encode()
        return b"X" + struct.pack("<I", len(data)) + data
    if kind is Name:
        return b"c" + value.path.replace(" ", "\n", 1).encode() + b"\n"
    if kind is Call:
        return emit(Name(value.path)) + emit(value.arguments) + b"R"
    if kind is Outside:
        return emit(value.identity) + b"Q"
    if kind is dict:
        return b"}(" + b"".join(emit(k) + emit(v) for k, v in value.items()) + b"u"
    begin, end = {tuple: (b"(", b"t"), list: (b"](", b"e")}[kind]
    return begin + b"".join(map(emit, value)) + end


def pickled(value):
    return b"\x80\x02" + emit(value) + b"."


def storage(key, dtype, count, *view):
    return Outside(("storage", Name(f"torch {STORAGES.get(dtype, dtype)}Storage"), key, "cpu", count, *view))


def tensor(row, shape, strides=None, offset=0):
    """A tensor of a storage; without strides, those of a contiguous array."""
    strides = tuple(s // 8 for s in np.empty(shape).strides) if strides is None else strides
    return Call("torch._utils _rebuild_tensor_v2", (row, offset, tuple(shape), strides, False, Call("collections OrderedDict", ())))  # fmt: skip


def described(arrays, legacy=False):
    """The state dict of arrays, and their rows of numbers."""
    rows = {str(i): np.ascontiguousarray(a).tobytes() for i, a in enumerate(arrays.values())}
    view = (None,) if legacy else ()
    content = {
        name: tensor(storage(str(i), a.dtype.name, a.size, *view), a.shape)
        for i, (name, a) in enumerate((n, np.asarray(a)) for n, a in arrays.items())
    }
    return content, rows


def archive(content, rows, more=(), root="archive", large=True):
    """A ``.pth`` since PyTorch 1.6; ``content`` is a value or the bytes of a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr(f"{root}/data.pkl", content if isinstance(content, bytes) else pickled(content))
        out.writestr(f"{root}/byteorder", "little")
        for key, data in rows.items():
            out.writestr(f"{root}/data/{key}", data)
        out.writestr(f"{root}/version", "3\n")
        for name, data in more:
            out.writestr(name, data)
    data = file.getvalue()
    return with_large_end(data) if large else data


def with_large_end(data):
    """PyTorch ends all its archives as those of more than 4 GB must end."""
    end = data[-22:]
    members, length, begin = struct.unpack("<10xHII2x", end)
    at = len(data) - 22
    large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x1E, 0x32D, 0, 0, members, members, length, begin)
    return data[:at] + large + struct.pack("<4sIQI", b"PK\6\7", 0, at, 1) + end


def row_of_pickles(content, rows, keys=None, widths=None):
    """A ``.pth`` before PyTorch 1.6."""
    content = content if isinstance(content, bytes) else pickled(content)
    parts = [MAGIC, pickled(1001), pickled(MACHINE), content, pickled(list(rows) if keys is None else keys)]
    for key, data in rows.items():
        parts += [struct.pack("<q", len(data) // (widths or {}).get(key, 4)), data]
    return b"".join(parts)


def varint(n):
    n &= 2**64 - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """A field of a protobuf message: an int, a text or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


KINDS = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


def onnx_array(name, a, raw=True):
    begin = b"".join(field(1, n) for n in a.shape) + field(2, KINDS[a.dtype.name]) + field(8, name)
    if raw:
        return begin + field(9, a.tobytes())
    if a.dtype == np.int64:
        return begin + field(7, b"".join(varint(int(n)) for n in a.ravel()))
    return begin + field({"float32": 4, "float64": 10}[a.dtype.name], a.tobytes())


def onnx_node(op, inputs, outputs, **attributes):
    data = b"".join(field(1, n) for n in inputs) + b"".join(field(2, n) for n in outputs) + field(4, op)
    for name, value in attributes.items():
        body = field(5, value) if isinstance(value, bytes) else field(3, value)
        data += field(5, field(1, name) + body)
    return data


def onnx(arrays, nodes=(), outputs=("y",), raw=True):
    graph = b"".join(field(1, node) for node in nodes)
    graph += b"".join(field(5, a if isinstance(a, bytes) else onnx_array(n, a, raw)) for n, a in arrays.items())
    return field(1, 8) + field(7, graph + b"".join(field(12, field(1, name)) for name in outputs))
