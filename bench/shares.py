"""How near to the machine's limit compute-bound kernels run: shares of the multiply-add peak, by groups of layers.

usage: python -m bench.shares [--only WORDS] [--rounds 7] [--json]

A share is the FLOPs of direct convolution per second over the peak, which is measured anew before every round: a
virtual machine's cores are not equally fast all the time. Of a layer's rounds the median counts; "best" is the best.
Winograd's algorithm needs fewer multiplications than direct convolution, so its shares pass 1. The last group is one
thread's time over that of all threads.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fastcnn
from bench.cases import RESNET50, VGG16, Conv
from bench.measure import normal, turn
from fastcnn import _core, kernels

Call = Callable[[], Any]
WORDS = {"conv2d": "forward", "dx": "input gradient", "dw": "weight gradient"}
TURN = 0.05  # seconds of a layer's turn


@dataclass(frozen=True)
class Layer:
    name: str
    call: Call
    flops: float


@dataclass(frozen=True)
class Group:
    name: str
    goal: float  # for each layer
    layers: Callable[[], Iterator[Layer]]  # with their arrays: made when their turn comes


@dataclass(frozen=True)
class Share:
    name: str
    median: float
    best: float


def convolution(layer: Conv, n: int, of: str, **options: Any) -> Layer:
    pad = layer.kernel // 2
    options |= {"strides": layer.stride, "padding": pad}
    x, w = normal(n, layer.h, layer.h, layer.c), normal(layer.kernel, layer.kernel, layer.c, layer.k)
    dy = normal(n, layer.oh, layer.oh, layer.k)
    call: Call = {
        "conv2d": lambda: kernels.conv2d(x, w, **options),
        "dx": lambda: kernels.conv2d_dx(dy, w, x.shape, **options),
        "dw": lambda: kernels.conv2d_dw(x, dy, w.shape, **options),
    }[of]
    return Layer(f"{layer} b{n}", call, layer.flops(n))


def product(n: int) -> Layer:
    a, b = normal(n, n), normal(n, n)
    return Layer(f"{n} x {n} x {n}", lambda: kernels.matmul(a, b), 2.0 * n**3)


def is_direct(layer: Conv) -> bool:
    x_shape, w_shape = (1, layer.h, layer.h, layer.c), (layer.kernel, layer.kernel, layer.c, layer.k)
    chosen = kernels.conv2d_algorithm(x_shape, w_shape, strides=layer.stride, padding=layer.kernel // 2)
    return chosen == "direct"


def groups() -> Iterator[Group]:
    """The groups with what each of their layers is to reach."""

    def each(convs: list[Conv], batches: tuple[int, ...], of: str, **options: Any) -> Callable[[], Iterator[Layer]]:
        return lambda: (convolution(layer, n, of, **options) for layer in convs for n in batches)

    three = [layer for layer in [*VGG16, *RESNET50] if layer.kernel == 3 and layer.stride == 1]
    yield Group(
        "3x3 forward, direct, batch 8", 0.9, each([c for c in three if c.c >= 64], (8,), "conv2d", algorithm="direct")
    )
    yield Group("1x1 forward, batch 8", 0.8, each([c for c in RESNET50 if c.kernel == 1], (8,), "conv2d"))
    small = [layer for layer in RESNET50 if layer.oh <= 14 and is_direct(layer)]
    for of, word in WORDS.items():
        yield Group(f"direct, maps of 7x7 and 14x14, {word}, batch 1", 0.75, each(small, (1,), of))
    deep = [layer for layer in VGG16 if layer.c >= 128]
    for of, word in WORDS.items():
        yield Group(f"VGG16 3x3, Winograd, {word}, batch 8", 1.8 if of == "dw" else 2.4, each(deep, (8,), of))
    wide = [layer for layer in RESNET50 if layer in three and layer.oh >= 14]
    for of, word in WORDS.items():
        goal = 1.8 if of == "dw" else 2.0
        yield Group(f"ResNet-50 3x3, Winograd, {word}, batches 1 and 8", goal, each(wide, (1, 8), of))
    yield Group("matrix products", 0.92, lambda: map(product, (1024, 2048, 4096)))


def share(layer: Layer, rounds: int) -> Share:
    found = []
    for _ in range(rounds):
        peak = _core.probe_peak(_core.get_num_threads(), 0.02)
        found.append(layer.flops / turn(layer.call, TURN) * 1e-9 / peak)
    return Share(layer.name, statistics.median(found), max(found))


def threads_gain(layer: Layer, rounds: int) -> Share:
    """One thread's time over that of all."""
    team, found = fastcnn.get_num_threads(), []
    for _ in range(rounds):
        seconds = []
        for count in (1, team):
            fastcnn.set_num_threads(count)
            seconds.append(turn(layer.call, TURN))
        found.append(seconds[0] / seconds[1])
    return Share(layer.name, statistics.median(found), max(found))


def gains() -> Iterator[Layer]:
    return (convolution(layer, 8, "conv2d") for layer in VGG16 if layer.c == layer.k and layer.c >= 256)


def measured(rounds: int, word: str) -> Iterator[tuple[str, float, list[Share]]]:
    """Name, goal and shares of each group whose name has the word."""
    for group in groups():
        if word in group.name:
            yield group.name, group.goal, [share(layer, rounds) for layer in group.layers()]
    team = fastcnn.get_num_threads()
    name = f"{team} threads beside one, 3x3 forward, batch 8"
    if team > 1 and word in name:
        yield name, 0.9 * team, [threads_gain(layer, rounds) for layer in gains()]


def print_group(name: str, goal: float, shares: list[Share]) -> None:
    medians = [found.median for found in shares]
    print(f"{name}: least {min(medians):.2f}, median {statistics.median(medians):.2f} (goal {goal:.2f})")
    for found in shares:
        print(f"  {found.name:<42}{found.median:>6.2f}   best {found.best:.2f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORDS", help="groups whose names have these words in a row")
    parser.add_argument("--rounds", type=int, default=7, help="of each layer (%(default)s)")
    parser.add_argument("--json", action="store_true", help="results as JSON")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {options.rounds}")
    results = measured(options.rounds, options.only)
    if options.json:
        rows = [{"group": n, "goal": g, "layers": [vars(found) for found in shares]} for n, g, shares in results]
        print(json.dumps(rows, indent=2))
        return 0
    peak = _core.probe_peak(_core.get_num_threads(), 0.3)
    print(f"fastcnn {fastcnn.__version__}, {fastcnn.get_num_threads()} threads, peak now {peak:.0f} GFLOP/s")
    for result in results:
        print_group(*result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
