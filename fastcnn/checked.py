"""What constructors are given: held against their annotations, in one place for all classes."""

import functools
import inspect
from collections.abc import Callable
from types import NoneType
from typing import Any, get_args, get_origin

import numpy as np

__all__ = ["Checked"]


def _is_number(value: Any) -> bool:
    if isinstance(value, (str, bytes)):
        return False
    try:
        return float(value) == float(value)  # NaN is none
    except (TypeError, ValueError, OverflowError):
        return False


_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    int: ("a number", _is_number),  # True, too: verbose=True; and 5.0, as in Keras
    float: ("a number", lambda v: not isinstance(v, (bool, np.bool_)) and _is_number(v)),
    bool: ("True or False", lambda v: v is None or (isinstance(v, (int, np.bool_)) and v in (0, 1))),
    str: ("a string", lambda v: isinstance(v, str)),
    dict: ("a dict", lambda v: isinstance(v, dict)),
    Callable: ("a function", callable),
    NoneType: ("None", lambda v: v is None),
}


@functools.cache
def _wanted(init: Any) -> tuple[dict[str, Any], list[str], bool, dict[str, Any]]:
    """All arguments, those by position, whether others may be given, and of what kinds each may be."""
    parameters = list(inspect.signature(init).parameters.values())[1:]
    known = {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    kinds = {}
    for name, p in known.items():
        parts = get_args(p.annotation) if NoneType in get_args(p.annotation) else (p.annotation,)
        found = [_KINDS.get(get_origin(part) or part) for part in parts]
        if None not in found:
            kinds[name] = found
    return (
        known,
        [n for n, p in known.items() if p.kind is p.POSITIONAL_OR_KEYWORD],
        len(known) < len(parameters),
        kinds,
    )


def _misfit(init: Any, cls: str, args: Any, kwargs: dict[str, Any]) -> tuple[str, str] | None:
    """The first argument that is of no kind it may be of, and what to say of it; missing ones are told here."""
    known, order, open_ended, kinds = _wanted(init)
    given = dict(zip(order, args, strict=False)) | kwargs
    if not open_ended:
        if len(args) > len(order):
            raise TypeError(f"{cls} takes {len(order)} arguments by position, {', '.join(order)}; got {len(args)}")
        for word in given:
            if word not in known:
                from fastcnn.registry import suggestion

                raise TypeError(f"{cls} got an unknown argument {word!r}.{suggestion(word, known)}")
    for word, parameter in known.items():
        if word not in given and parameter.default is parameter.empty:
            raise TypeError(f"{cls} needs the argument {word!r}")
    for word, value in given.items():
        allowed = kinds.get(word)
        if allowed and not any(fits(value) for _, fits in allowed):
            what = " or ".join(dict.fromkeys(what for what, _ in allowed))
            return word, f"{cls}: {word} must be {what}, got {value!r}"
    return None


def _ours(cls: type) -> bool:
    return cls.__module__.startswith("fastcnn.")


def _checking(init: Any) -> Any:
    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        cls = type(self)
        if _ours(cls) and cls.__init__ is not checked:
            return init(self, *args, **kwargs)  # called by the constructor that was checked
        misfit = _misfit(init, cls.__name__, args, kwargs)
        try:
            init(self, *args, **kwargs)
        except Exception as error:
            if misfit is None or misfit[0] in str(error):  # the constructor may know better what to say
                raise
        if misfit:
            raise TypeError(misfit[1])
        return None

    return checked


class Checked:
    """The constructors of fastcnn's classes that come from it refuse what is not of the kind that is annotated.

    Example:
        >>> from fastcnn import optimizers
        >>> optimizers.Adam(beta_1="0.9")
        Traceback (most recent call last):
        TypeError: Adam: beta_1 must be a number, got '0.9'
    """

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and _ours(cls):
            cls.__init__ = _checking(cls.__init__)  # type: ignore[method-assign]
