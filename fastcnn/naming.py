"""The names that layers, models, metrics and optimizers get by themselves, as Keras makes them from their classes'."""

import re

__all__ = ["automatic_name", "forget_names", "snake_case"]

_used: dict[str, int] = {}


def snake_case(name: str) -> str:
    """Keras's names of classes in lower case: Conv2D is conv2d, LeakyReLU is leaky_re_lu.

    Example:
        >>> snake_case("LeakyReLU")
        'leaky_re_lu'
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def automatic_name(prefix: str) -> str:
    """``conv2d``, ``conv2d_1``, ``conv2d_2``, ..."""
    prefix = snake_case(prefix)
    number = _used.get(prefix, 0)
    _used[prefix] = number + 1
    return f"{prefix}_{number}" if number else prefix


def forget_names() -> None:
    """Starts counting names anew."""
    _used.clear()
