"""Where boxes and lines of a diagram go: boxes in levels, each below what feeds it."""

import itertools
from collections.abc import Sequence

__all__ = ["arrange"]

_SWEEPS = 8
_APART = 0.3  # between boxes side by side
_DEEP = 0.35  # between levels

Point = tuple[float, float]
Lines = dict[tuple[int, int], list[Point]]  # by source and box


def arrange(sizes: Sequence[Point], sources: Sequence[Sequence[int]]) -> tuple[list[Point], Lines]:
    """Centres of boxes, and the points through which lines go from box to box.

    A line that passes levels has a place of its own in each of them, so it crosses no box.

    Args:
        sizes: (across, along) of each box.
        sources: for each box the numbers of the boxes that feed it, which come before it.

    Returns:
        The centres (across, along), and for each pair (source, box) the points between them, both ends too.

    Example:
        >>> centres, lines = arrange([(1.0, 0.5), (1.0, 0.5)], [[], [0]])
        >>> centres[1][1] > centres[0][1], len(lines[0, 1])
        (True, 2)
    """
    levels: list[int] = []
    for feeding in sources:
        levels.append(max((levels[i] + 1 for i in feeding), default=0))
    chains = _chains(levels, sources)
    count = len(sizes)
    widths = [size[0] for size in sizes]
    level_of = list(levels)
    links: list[tuple[int, int]] = []
    for chain in chains.values():
        inner = len(chain) - 2
        for k in range(inner):
            chain[k + 1] = len(level_of)
            level_of.append(level_of[chain[0]] + k + 1)
            widths.append(0.0)
        links += [(a, b) for a, b in itertools.pairwise(chain)]
    rows: list[list[int]] = [[] for _ in range(max(level_of, default=-1) + 1)]
    for i, level in enumerate(level_of):
        rows[level].append(i)
    across = _across(rows, widths, links)
    tops: list[float] = []
    top = 0.0
    heights = [max((sizes[i][1] for i in row if i < count), default=0.0) for row in rows]
    for height in heights:
        tops.append(top)
        top += height + _DEEP
    centres = [(across[i], tops[levels[i]] + heights[levels[i]] / 2) for i in range(count)]
    lines = {}
    for (source, box), chain in chains.items():
        points = [(across[source], centres[source][1] + sizes[source][1] / 2)]
        for i in chain[1:-1]:
            begin = tops[level_of[i]]
            points += [(across[i], begin), (across[i], begin + heights[level_of[i]])]
        lines[source, box] = [*points, (across[box], centres[box][1] - sizes[box][1] / 2)]
    return centres, lines


def _chains(levels: list[int], sources: Sequence[Sequence[int]]) -> dict[tuple[int, int], list[int]]:
    """For each line its two ends, and room for the levels that it passes."""
    return {
        (source, box): [source, *[-1] * (levels[box] - levels[source] - 1), box]
        for box, feeding in enumerate(sources)
        for source in feeding
    }


def _across(rows: list[list[int]], widths: list[float], links: list[tuple[int, int]]) -> list[float]:
    """Where everything is across the levels: in an order with few crossings, near what it is linked with."""
    above: list[list[int]] = [[] for _ in widths]
    below: list[list[int]] = [[] for _ in widths]
    for a, b in links:
        above[b].append(a)
        below[a].append(b)
    place = [0.0] * len(widths)
    for row in rows:
        for k, i in enumerate(row):
            place[i] = float(k)
    for sweep in range(_SWEEPS):  # the order in a level is that of the means of what its members are linked with
        near = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda i: _mean(near[i], place, place[i]))
            for k, i in enumerate(row):
                place[i] = k - len(row) / 2
    for sweep in range(2 * _SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_mean(near[i], place, place[i]) for i in row]
            for i, x in zip(row, _spread(wanted, [widths[i] for i in row]), strict=True):
                place[i] = x
    return place


def _mean(linked: list[int], place: list[float], otherwise: float) -> float:
    return sum(place[i] for i in linked) / len(linked) if linked else otherwise


def _spread(wanted: list[float], widths: list[float]) -> list[float]:
    """The places nearest to those wanted, in the same order, at which nothing overlaps.

    With what must lie between two neighbours taken off, places need only not fall: runs that would fall get their mean.
    """
    before = [0.0]
    for a, b in itertools.pairwise(widths):
        before.append(before[-1] + (a + b) / 2 + _APART)
    runs: list[list[float]] = []  # mean, members
    for x, offset in zip(wanted, before, strict=True):
        runs.append([x - offset, 1.0])
        while len(runs) > 1 and runs[-2][0] > runs[-1][0]:
            mean, members = runs.pop()
            total = runs[-1][1] + members
            runs[-1] = [(runs[-1][0] * runs[-1][1] + mean * members) / total, total]
    means = [mean for mean, members in runs for _ in range(int(members))]
    return [mean + offset for mean, offset in zip(means, before, strict=True)]
