"""The memory plan: no two results that live at one time overlap, and little is wasted."""

import random

import pytest

from fastcnn.plan.memory import ALIGNMENT, place


def overlap(a, b):
    return a[0] < b[1] and b[0] < a[1]


@pytest.mark.parametrize("seed", range(30))
def test_nothing_overlaps(seed):
    rng = random.Random(seed)
    lives = []
    for _ in range(60):
        first = rng.randrange(40)
        lives.append((first, first + rng.randrange(12), rng.choice([0, 1, 63, 64, 65, 4096, 100_000])))
    offsets, size = place(lives)
    assert all(o % ALIGNMENT == 0 for o in offsets)
    spans = [(o, o + n) for o, (_, _, n) in zip(offsets, lives, strict=True)]
    assert max(end for _, end in spans) <= size
    for i, (first, last, n) in enumerate(lives):
        for j in range(i):
            g, m, k = lives[j]
            if n and k and first <= m and g <= last:
                assert not overlap(spans[i], spans[j])


def test_a_chain_needs_two_places():
    _, size = place([(i, i + 1, 1000) for i in range(50)])
    assert size == 2 * 1024


def test_nothing_needs_nothing():
    assert place([]) == ([], 0)
