"""The pickles of PyTorch, interpreted as data: they describe tensors, and nothing that they name is called or imported.

A pickle is a program for a stack machine. This machine knows the instructions that make plain values, and of the
functions that a pickle may name those that put a tensor together. Whatever else a pickle asks for is refused.
"""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, ClassVar, NamedTuple

from fastcnn.saving.gate import FileFormatError, Source, admit

__all__ = ["StoredTensor", "Storage", "read_pickle"]

_COST = 128  # what Python needs for the result of one instruction, at most
_RANK = 64
_CUT = "its pickle is cut off"
_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
_INERT = {
    "argparse.Namespace", "torch.device", "torch.Size", "numpy.dtype", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "_codecs.encode",
    *(f"torch.{name}" for name in (*_STORAGES.values(), "half", "float", "double", "long", "int")),
}  # fmt: skip


class Storage(NamedTuple):
    """A row of numbers that tensors are cut from: ``size`` of them from ``start`` on, of the ``whole`` of ``key``."""

    key: str
    dtype: str
    whole: int
    start: int
    size: int


class StoredTensor(NamedTuple):
    """A tensor as the pickle describes it; strides and offset count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Name(NamedTuple):
    """A function or class that the pickle named."""

    path: str


class _Inert:
    """The settings of a training run, times and places: no weights, so nothing is kept of them."""


_INERT_VALUE = _Inert()


def read_pickle(file: BinaryIO, source: Source, integers: int = 8) -> Any:
    """The value that a pickle describes; the file is left behind its end.

    Args:
        file: stands at the beginning of the pickle.
        source: its gate; every instruction is accounted for.
        integers: how many bytes an integer may have.

    Returns:
        Dicts, lists, tuples, texts and numbers, with a ``StoredTensor`` for each tensor.

    Raises:
        FileFormatError: the pickle is damaged, or asks for anything but plain values and tensors.
    """
    try:
        return _Machine(file, source, integers).run()
    except FileFormatError:
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, struct.error) as error:
        raise source.refuse(
            f"the pickle in it is damaged at byte {file.tell()} ({type(error).__name__}: {str(error)[:80]})"
        ) from None


class _Machine:
    def __init__(self, file: BinaryIO, source: Source, integers: int):
        self.file, self.source, self.integers = file, source, integers
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        source, limit, read = self.source, self.source.limit, self.file.read
        while True:
            code = read(1)
            if code == b".":
                return self.stack.pop()
            action = _ACTIONS.get(code)
            if action is None:
                raise source.refuse(
                    f"its pickle has the instruction {code!r}, which no state dict needs" if code else _CUT
                )
            if source.admitted + _COST > limit:
                admit(_COST, source, "its pickle")
            source.admitted += _COST
            action(self)

    def take(self, n: int) -> bytes:
        """The next n bytes."""
        data = self.file.read(n)
        if len(data) != n:
            raise self.source.refuse(_CUT)
        return data

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        line = self.file.readline(256)
        if not line.endswith(b"\n"):
            raise self.source.refuse(_CUT)
        return line[:-1].decode()

    def popped(self) -> list[Any]:
        """What was put on the stack since the last mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    # What follows is one method for each instruction.

    def proto(self) -> None:
        version = self.number("<B")
        if version > 5:
            raise self.source.refuse(f"its pickle has protocol {version}; the highest known is 5")

    def frame(self) -> None:
        self.take(8)

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        self.stack.pop()

    def pop_mark(self) -> None:
        self.popped()

    def constant(self, value: Any) -> None:
        self.stack.append(value)

    def unpacked(self, form: str) -> None:
        self.stack.append(self.number(form))

    def long(self) -> None:
        size = self.number("<B")
        if size > self.integers:
            raise self.source.refuse(f"its pickle has an integer of {size} bytes")
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def text(self, form: str) -> None:
        size = self.number(form)
        admit(4 * size, self.source, "a text of its pickle")
        self.stack.append(self.take(size).decode("utf-8", "surrogatepass"))

    def empty_dict(self) -> None:
        self.stack.append({})

    def empty_list(self) -> None:
        self.stack.append([])

    def tuple_of(self, n: int) -> None:
        if len(self.stack) < n:
            raise IndexError("too few values for a tuple")
        self.stack[-n:] = [tuple(self.stack[-n:])]

    def tuple_marked(self) -> None:
        items = tuple(self.popped())
        self.stack.append(items)

    def append(self) -> None:
        value = self.stack.pop()
        self._extend([value])

    def appends(self) -> None:
        self._extend(self.popped())

    def _extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError(f"a {type(target).__name__} cannot be appended to")
        target.extend(values)

    def set_item(self) -> None:
        value = self.stack.pop()
        self._set([self.stack.pop(), value])

    def set_items(self) -> None:
        self._set(self.popped())

    def _set(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if target is _INERT_VALUE:
            return
        if type(target) is not dict or len(items) % 2:
            raise TypeError(f"a {type(target).__name__} has no keys")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def put(self, form: str) -> None:
        self.memo[self.number(form)] = self.stack[-1]

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, form: str) -> None:
        self.stack.append(self.memo[self.number(form)])

    def name(self) -> None:
        module = self.line()
        self._named(f"{module}.{self.line()}")

    def stack_name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError("names must be texts")
        self._named(f"{module}.{name}")

    def _named(self, path: str) -> None:
        kind, _, last = path.rpartition(".")
        known = path in self.CALLS or path in _INERT or (kind in ("torch", "torch.cuda") and last in _STORAGES)
        if not known:
            raise self.source.refuse(
                f"its pickle asks for {path[:100]!r}, which a file of weights must not do; nothing was run. If the "
                "file holds a whole model or other objects, save model.state_dict() with PyTorch, and read that"
            )
        self.stack.append(_Name(path))

    def call(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if type(name) is not _Name or type(arguments) is not tuple:
            raise TypeError("only names can be called, with a tuple")
        make = self.CALLS.get(name.path)
        if make is None and name.path not in _INERT:
            raise self.source.refuse(f"its pickle calls {name.path!r}, which is not to be called")
        self.stack.append(_INERT_VALUE if make is None else make(self, *arguments))

    def state(self) -> None:
        """Metadata of dicts, flags of parameters: dropped."""
        state = self.stack.pop()
        target = self.stack[-1]
        if type(state) not in (dict, tuple) or type(target) not in (dict, StoredTensor, _Inert):
            raise TypeError(f"a {type(target).__name__} is given a state")

    def persistent(self) -> None:
        """("storage", type, key, device, count, [view]): the rows of numbers lie outside of the pickle."""
        kind, name, key, _, count, *views = self.stack.pop()
        if kind != "storage" or type(name) is not _Name or type(key) not in (str, int) or len(views) > 1:
            raise TypeError("a storage is not described as one")
        dtype = _STORAGES[name.path.rpartition(".")[2]]
        _check_sizes((count,))
        start, size = 0, count
        if views and views[0] is not None:
            _, start, size = views[0]
            _check_sizes((start, size))
            if start + size > count:
                raise ValueError("a view is larger than its storage")
        self.stack.append(Storage(str(key), dtype, count, start, size))

    # What may be called.

    def ordered_dict(self, items: Any = ()) -> dict[Any, Any]:
        if type(items) not in (list, tuple):
            raise TypeError("an OrderedDict is made of pairs")
        admit(_COST * len(items), self.source, "a dict of its pickle")
        return {_key(key): value for key, value in items}

    def tensor(self, storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> StoredTensor:
        if type(storage) is not Storage or type(shape) is not tuple or type(strides) is not tuple:
            raise TypeError("a tensor is not described as one")
        if len(shape) != len(strides) or len(shape) > _RANK:
            raise ValueError(f"a tensor has {len(shape)} sizes and {len(strides)} strides")
        _check_sizes((offset, *shape, *strides))
        return StoredTensor(storage, offset, shape, strides)

    def parameter(self, data: Any, *_: Any) -> StoredTensor:
        if type(data) is not StoredTensor:
            raise TypeError("a parameter is made of a tensor")
        return data

    CALLS: ClassVar[dict[str, Callable[..., Any]]] = {
        "collections.OrderedDict": ordered_dict,
        "torch._utils._rebuild_tensor": tensor,
        "torch._utils._rebuild_tensor_v2": tensor,
        "torch._utils._rebuild_parameter": parameter,
        "torch.nn.parameter.Parameter": parameter,
    }


def _key(key: Any) -> Any:
    """Only plain keys: the hash of a nest of tuples can take for ever."""
    if type(key) not in (str, int, float, bool, type(None)):
        raise TypeError(f"a {type(key).__name__} as the key of a dict")
    return key


def _check_sizes(sizes: tuple[Any, ...]) -> None:
    for n in sizes:
        if type(n) is not int or not 0 <= n < 2**62:
            got = str(n)[:40] if type(n) is int else type(n).__name__
            raise ValueError(f"{got} as a size, an offset or a stride")


def _with(method: Callable[..., None], argument: Any) -> Callable[[_Machine], None]:
    return lambda machine: method(machine, argument)


_ACTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.proto,
    b"\x95": _Machine.frame,
    b"(": _Machine.mark,
    b"0": _Machine.pop,
    b"1": _Machine.pop_mark,
    b"N": _with(_Machine.constant, None),
    b"\x88": _with(_Machine.constant, True),
    b"\x89": _with(_Machine.constant, False),
    b")": _with(_Machine.constant, ()),
    b"J": _with(_Machine.unpacked, "<i"),
    b"K": _with(_Machine.unpacked, "<B"),
    b"M": _with(_Machine.unpacked, "<H"),
    b"G": _with(_Machine.unpacked, ">d"),
    b"\x8a": _Machine.long,
    b"U": _with(_Machine.text, "<B"),
    b"T": _with(_Machine.text, "<I"),
    b"X": _with(_Machine.text, "<I"),
    b"\x8c": _with(_Machine.text, "<B"),
    b"\x8d": _with(_Machine.text, "<Q"),
    b"}": _Machine.empty_dict,
    b"]": _Machine.empty_list,
    b"\x85": _with(_Machine.tuple_of, 1),
    b"\x86": _with(_Machine.tuple_of, 2),
    b"\x87": _with(_Machine.tuple_of, 3),
    b"t": _Machine.tuple_marked,
    b"a": _Machine.append,
    b"e": _Machine.appends,
    b"s": _Machine.set_item,
    b"u": _Machine.set_items,
    b"q": _with(_Machine.put, "<B"),
    b"r": _with(_Machine.put, "<I"),
    b"\x94": _Machine.memoize,
    b"h": _with(_Machine.get, "<B"),
    b"j": _with(_Machine.get, "<I"),
    b"c": _Machine.name,
    b"\x93": _Machine.stack_name,
    b"R": _Machine.call,
    b"\x81": _Machine.call,
    b"b": _Machine.state,
    b"Q": _Machine.persistent,
}
