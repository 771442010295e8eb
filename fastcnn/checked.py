"""What constructors are given: held against their annotations, in one place for all classes."""

import functools
import inspect
import textwrap
from collections.abc import Callable, Sequence
from math import inf
from types import NoneType
from typing import Any, get_args, get_origin

import numpy as np

__all__ = ["Checked", "checked", "is_number"]


def is_number(value: Any) -> bool:
    """Whether it counts as a number: numbers, arrays and tensors of one; neither NaN nor digits in a string."""
    if isinstance(value, (str, bytes)):
        return False
    try:
        return float(value) == float(value)  # NaN is none
    except (TypeError, ValueError, OverflowError):
        return False


_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    int: ("a number", is_number),  # True, too: verbose=True; and 5.0, as in Keras
    float: ("a number", lambda v: not isinstance(v, (bool, np.bool_)) and is_number(v)),
    bool: ("True or False", lambda v: v is None or (isinstance(v, (int, np.bool_)) and v in (0, 1))),
    str: ("a string", lambda v: isinstance(v, str)),
    dict: ("a dict", lambda v: isinstance(v, dict)),
    Callable: ("a function", callable),
    Sequence: ("a list or tuple", lambda v: isinstance(v, (list, tuple, range, np.ndarray))),
    NoneType: ("None", lambda v: v is None),
}


# What any argument of a name lies between, where another number would be computed with and make nonsense.
_SHARE, _NOT_NEGATIVE, _COUNT = ("a number from 0 to 1", 0, 1), ("a number not below 0", 0, inf), ("at least 1", 1, inf)
_RANGES = {
    **dict.fromkeys(("beta_1", "beta_2", "rho", "momentum", "ema_momentum", "label_smoothing", "rate"), _SHARE),
    **dict.fromkeys(("epsilon", "stddev", "weight_decay", "delta", "max_value", "factor", "gamma"), _NOT_NEGATIVE),
    **dict.fromkeys(("k", "num_classes"), _COUNT),
}


@functools.cache
def _wanted(init: Any) -> tuple[dict[str, Any], list[str], set[Any], dict[str, Any]]:
    """All arguments, those by position, how arguments are taken, of what kinds each may be."""
    parameters = [p for p in inspect.signature(init).parameters.values() if p.name != "self"]
    known = {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    kinds = {}
    for name, p in known.items():
        parts = get_args(p.annotation) if NoneType in get_args(p.annotation) else (p.annotation,)
        found = [_KINDS.get(get_origin(part) or part) for part in parts]
        if None not in found:
            kinds[name] = found
    order = [name for name, p in known.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return known, order, {p.kind for p in parameters}, kinds


def _misfit(init: Any, cls: str, args: Any, kwargs: dict[str, Any]) -> tuple[str, Exception] | None:
    """The first argument of a wrong kind, and the error; missing and unknown ones are told here."""
    known, order, ways, kinds = _wanted(init)
    given = dict(zip(order, args, strict=False)) | kwargs
    if len(args) > len(order) and inspect.Parameter.VAR_POSITIONAL not in ways:
        names = f" ({', '.join(order)})" if order else ""
        hint = "" if order else f"; what it works on comes later, as in {cls}()(x)"
        plural = "s" * (len(order) != 1)
        raise TypeError(f"{cls} takes {len(order)} argument{plural} by position{names}, got {len(args)}{hint}")
    if inspect.Parameter.VAR_KEYWORD not in ways:
        for word in given:
            if word not in known:
                from fastcnn.registry import suggestion

                raise TypeError(f"{cls} got an unknown argument {word!r}.{suggestion(word, known)}")
    for word, parameter in known.items():
        if word not in given and parameter.default is parameter.empty:
            raise TypeError(f"{cls} needs the argument {word!r}")
    kind: type[Exception]
    for word, value in given.items():
        allowed = kinds.get(word)
        if allowed and not any(fits(value) for _, fits in allowed):
            kind, what = TypeError, " or ".join(dict.fromkeys(what for what, _ in allowed))
        elif allowed and word in _RANGES and value is not None:
            kind, (what, low, high) = ValueError, _RANGES[word]
            if low <= value <= high:
                continue
        else:
            continue
        return word, kind(f"{cls}: {word} must be {what}, got {textwrap.shorten(repr(value), 90)}")
    return None


def _ours(cls: type) -> bool:
    return cls.__module__.startswith("fastcnn.")


def checked(function: Any, kinds: bool = True) -> Any:
    """A function or method that tells which argument is missing, unknown or, with ``kinds``, of the wrong kind."""
    name, is_method = function.__name__, function.__code__.co_varnames[:1] == ("self",)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        called = name
        if is_method:
            cls = type(args[0])
            if name == "__init__" and _ours(cls) and cls.__init__ is not call:
                return function(*args, **kwargs)  # by the constructor that was checked
            called = cls.__name__ if name == "__init__" else f"{cls.__name__}.{name}"
        misfit = _misfit(function, called, args[is_method:], kwargs)
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            if not (kinds and misfit) or misfit[0] in str(error):  # the function may know better what to say
                raise
        if kinds and misfit:
            raise misfit[1]
        return result

    return call


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
            cls.__init__ = checked(cls.__init__)  # type: ignore[method-assign]
