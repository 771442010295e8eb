"""Where in one arena each intermediate result lies: two that live at different times may share their place."""

from collections.abc import Mapping, Sequence

__all__ = ["ALIGNMENT", "place"]

ALIGNMENT = 64


def place(lives: Sequence[tuple[int, int, int]], fixed: Mapping[int, int] | None = None) -> tuple[list[int], int]:
    """Offsets for results that live from one step to another.

    Large ones first, each at the lowest offset that is free during its whole life: close to the best for networks.

    Args:
        lives: ``(first step, last step, bytes)`` of each result, both steps included.
        fixed: the offsets of some, by index, which must not overlap. Others may use their place before and after.

    Returns:
        The offsets, and the size of the arena.

    Example:
        >>> place([(0, 1, 64), (1, 2, 64), (2, 3, 64)])
        ([0, 64, 0], 128)
    """
    offsets = [0] * len(lives)
    fixed = fixed or {}
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last: in order of offset
    for i, offset in fixed.items():
        first, last, size = lives[i]
        offsets[i] = offset
        placed.append((offset, offset + -(-size // ALIGNMENT) * ALIGNMENT, first, last))
    placed.sort()
    others = [i for i in range(len(lives)) if i not in fixed]
    for i in sorted(others, key=lambda i: (-lives[i][2], lives[i][0])):
        first, last, size = lives[i]
        size = -(-size // ALIGNMENT) * ALIGNMENT
        offset = 0
        for begin, end, born, dies in placed:
            if born > last or dies < first:
                continue
            if begin - offset >= size:
                break
            offset = max(offset, end)
        offsets[i] = offset
        placed.append((offset, offset + size, first, last))
        placed.sort()
    return offsets, max((end for _, end, _, _ in placed), default=0)
