"""fastcnn beside PyTorch, layer by layer, in one process: runs alternate, so that noise strikes both alike; medians.

usage: python -m bench.peers [--only conv2d,dx,...] [--network VGG16,...] [--seconds 0.5] [--passes 3] [--json]

Each layer's time is spread over several passes through the list, minutes apart: for a second a virtual machine's two
cores may be two threads of one real core, and all that multiplies takes twice as long, or the memory may be slow.

PyTorch runs each convolution in both layouts, contiguous and channels_last; the better one counts. The same number of
threads for everybody.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

# A PyTorch built with the system's OpenMP shares fastcnn's threads: they wait as long as it would have them wait (this
# is OpenMP's own default), not as short as fastcnn would.
os.environ.setdefault("GOMP_SPINCOUNT", "300000")

import fastcnn
from bench.cases import ALL_CONVS, BATCHES, DENSE, NORMALISED, POOLED, Conv, Dense, Map
from bench.measure import normal, turn
from fastcnn import kernels, quickbench

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None  # type: ignore[assignment]

Calls = dict[str, Callable[[], Any]]
Times = dict[str, list[float]]  # seconds of each contender's turns

DENSE_BATCHES = (1, 8, 64, 128)
PAUSES = {"numpy": 0.13}  # seconds: OpenBLAS' threads turn for 2^28 ticks of the clock, 104 ms at 2.6 GHz


@dataclass(frozen=True)
class Duel:
    kind: str  # conv2d, dx, dw, matmul, pool, norm
    network: str
    name: str
    calls: Calls  # "fastcnn" and the peers' variants
    flops: float = 0.0
    bytes: float = 0.0


@dataclass(frozen=True)
class Result:
    kind: str
    network: str
    name: str
    milliseconds: float
    peer_milliseconds: float
    peer_variant: str
    rate: float
    share: float
    ratio: float  # > 1: fastcnn is faster


def nchw(x: Any, channels_last: bool) -> Any:
    """A NumPy array (n, h, w, c) as PyTorch's (n, c, h, w), in memory as asked."""
    tensor = torch.from_numpy(x).permute(0, 3, 1, 2)
    return tensor.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


def convolutions(layer: Conv, n: int) -> Iterator[Duel]:
    x = normal(n, layer.h, layer.h, layer.c)
    w = normal(layer.kernel, layer.kernel, layer.c, layer.k)
    dy = normal(n, layer.oh, layer.oh, layer.k)
    # "same" with a stride pads unevenly, which PyTorch does not know: both pad as PyTorch's networks do.
    pad = layer.kernel // 2 if layer.padding == "same" else 0
    options = {"strides": layer.stride, "padding": pad}
    bias = np.zeros(layer.k, np.float32)
    forward: Calls = {"fastcnn": lambda: kernels.conv2d(x, w, bias, **options)}
    dx: Calls = {"fastcnn": lambda: kernels.conv2d_dx(dy, w, x.shape, **options)}
    dw: Calls = {"fastcnn": lambda: kernels.conv2d_dw(x, dy, w.shape, **options)}
    for last in (False, True):
        layout = "channels_last" if last else "contiguous"
        tx, tdy = nchw(x, last), nchw(dy, last)
        tw = torch.from_numpy(w).permute(3, 2, 0, 1)
        tw = tw.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
        tb = torch.from_numpy(bias)

        def backward(mask: list[bool], tx: Any = tx, tdy: Any = tdy, tw: Any = tw) -> Any:
            stride, padding = [layer.stride] * 2, [pad] * 2
            return torch.ops.aten.convolution_backward(
                tdy, tx, tw, None, stride, padding, [1, 1], False, [0, 0], 1, mask
            )

        forward[layout] = lambda tx=tx, tw=tw, tb=tb: F.conv2d(tx, tw, tb, stride=layer.stride, padding=pad)
        dx[layout] = lambda backward=backward: backward([True, False, False])
        dw[layout] = lambda backward=backward: backward([False, True, False])
    for kind, calls in (("conv2d", forward), ("dx", dx), ("dw", dw)):
        yield Duel(kind, layer.network, f"{layer} b{n}", calls, flops=layer.flops(n))


def products(layer: Dense, n: int) -> Iterator[Duel]:
    a, b = normal(n, layer.inputs), normal(layer.inputs, layer.outputs)
    ta, tb = torch.from_numpy(a), torch.from_numpy(b)
    calls: Calls = {
        "fastcnn": lambda: kernels.matmul(a, b),
        "torch": lambda: torch.matmul(ta, tb),
        "numpy": lambda: np.matmul(a, b),
    }
    yield Duel("matmul", layer.network, f"{layer} b{n}", calls, flops=layer.flops(n))


def pools(layer: Map, n: int) -> Iterator[Duel]:
    x = normal(n, layer.h, layer.h, layer.c)
    maximum: Calls = {"fastcnn": lambda: kernels.max_pool2d(x, 2)}
    average: Calls = {"fastcnn": lambda: kernels.avg_pool2d(x, 2)}
    for last in (False, True):
        layout, tx = "channels_last" if last else "contiguous", nchw(x, last)
        maximum[layout] = lambda tx=tx: F.max_pool2d(tx, 2)
        average[layout] = lambda tx=tx: F.avg_pool2d(tx, 2)
    for word, calls in (("max", maximum), ("average", average)):
        yield Duel("pool", layer.network, f"{word} {layer} b{n}", calls, bytes=1.25 * layer.bytes(n))


def norms(layer: Map, n: int) -> Iterator[Duel]:
    x, gamma, beta = normal(n, layer.h, layer.h, layer.c), normal(layer.c), normal(layer.c)
    tg, tb = torch.from_numpy(gamma), torch.from_numpy(beta)
    calls: Calls = {"fastcnn": lambda: kernels.batch_norm(x, gamma, beta)}
    for last in (False, True):
        tx = nchw(x, last)
        calls["channels_last" if last else "contiguous"] = lambda tx=tx: F.batch_norm(
            tx, None, None, tg, tb, training=True
        )
    yield Duel("norm", layer.network, f"batch norm {layer} b{n}", calls, bytes=3 * layer.bytes(n))


def duels(kinds: set[str], networks: set[str]) -> Iterator[Duel]:
    sources: list[tuple[set[str], Callable[[Any, int], Iterator[Duel]], list[Any], dict[str, tuple[int, ...]]]] = [
        ({"conv2d", "dx", "dw"}, convolutions, ALL_CONVS, BATCHES),
        ({"matmul"}, products, DENSE, dict.fromkeys(BATCHES, DENSE_BATCHES)),
        ({"pool"}, pools, POOLED, BATCHES),
        ({"norm"}, norms, NORMALISED, BATCHES),
    ]
    for made, make, layers, batches in sources:
        for layer in layers:
            if not made & kinds or layer.network not in networks:
                continue
            for n in batches[layer.network]:
                yield from (duel for duel in make(layer, n) if duel.kind in kinds)


def fight(duel: Duel, seconds: float, times: Times) -> None:
    """Every contender in turn, again and again, at least two rounds; what each took is added to ``times``.

    A library's threads go on turning for a while after its call, ready for the next. The pause lets them fall asleep:
    they would share the cores with those of the next one.
    """
    for name, call in duel.calls.items():
        call()
        time.sleep(PAUSES.get(name, 0.03))
    end, rounds = time.perf_counter() + seconds * len(duel.calls), 0
    while rounds < 2 or time.perf_counter() < end:
        for name, call in duel.calls.items():
            times.setdefault(name, []).append(turn(call))
            time.sleep(PAUSES.get(name, 0.03))
        rounds += 1


def outcome(duel: Duel, times: Times) -> Result:
    medians = {name: statistics.median(values) for name, values in times.items()}
    ours = medians.pop("fastcnn")
    best = min(medians, key=lambda name: medians[name])
    rate = (duel.flops or duel.bytes) / ours * 1e-9
    limit = quickbench.machine_peak() if duel.flops else quickbench.machine_copy()
    ratio = medians[best] / ours
    return Result(duel.kind, duel.network, duel.name, ours * 1e3, medians[best] * 1e3, best, rate, rate / limit, ratio)


def geometric_means(results: list[Result]) -> dict[str, float]:
    means = {}
    for kind in dict.fromkeys(result.kind for result in results):
        ratios = [result.ratio for result in results if result.kind == kind]
        means[kind] = math.exp(statistics.fmean(map(math.log, ratios)))
    backward = [result.ratio for result in results if result.kind in ("dx", "dw")]
    if backward:
        means["dx and dw"] = math.exp(statistics.fmean(map(math.log, backward)))
    return means


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="conv2d,dx,dw,matmul,pool,norm", help="kinds (%(default)s)")
    parser.add_argument("--network", default=",".join(BATCHES), help="networks (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each contender on each layer (%(default)s)")
    parser.add_argument("--passes", type=int, default=3, help="through the list of layers (%(default)s)")
    parser.add_argument("--json", action="store_true", help="results as JSON")
    options = parser.parse_args()
    if options.passes < 1:
        parser.error(f"--passes must be at least 1, got {options.passes}")
    return options


def measured(options: argparse.Namespace) -> Iterator[Result]:
    """The result of each duel, as the last pass comes to it."""
    kinds, networks = set(options.only.split(",")), set(options.network.split(","))
    seconds = options.seconds / options.passes
    times: defaultdict[tuple[str, str], Times] = defaultdict(dict)
    for number in range(1, options.passes):
        for duel in duels(kinds, networks):
            fight(duel, seconds, times[duel.kind, duel.name])
            print(f"\rpass {number} of {options.passes}: {duel.kind} {duel.name:<50}", end="", file=sys.stderr)
    print("\r", end="", file=sys.stderr)
    for duel in duels(kinds, networks):
        fight(duel, seconds, times[duel.kind, duel.name])
        yield outcome(duel, times[duel.kind, duel.name])


def print_row(result: Result) -> None:
    print(
        f"{result.kind:<7}{result.name:<47}{result.milliseconds:>9.3f}{result.peer_milliseconds:>10.3f} "
        f"{result.peer_variant:<14}{result.rate:>8.1f}{result.share:>7.0%}{result.ratio:>7.2f}",
        flush=True,
    )


def print_table(results: Iterator[Result], machine: dict[str, Any]) -> None:
    print(f"fastcnn {fastcnn.__version__} ({machine['isa']}), torch {machine['torch']}, {machine['threads']} threads")
    print(f"peak {machine['peak GFLOP/s']:.0f} GFLOP/s, copy {machine['copy GB/s']:.0f} GB/s\n")
    print(f"{'':<54}{'ms':>9}{'torch ms':>10} {'its layout':<14}{'rate':>8}{'share':>7}{'ratio':>7}")
    listed = []
    for result in results:
        print_row(result)
        listed.append(result)
    means = ", ".join(f"{kind} {mean:.2f}" for kind, mean in geometric_means(listed).items())
    print(f"\ngeometric means of the ratios: {means}")
    slower = [f"{result.kind} {result.name}" for result in listed if result.ratio < 1]
    print(f"layers where torch is faster: {len(slower)}" + "".join(f"\n  {name}" for name in slower))


def main() -> int:
    options = arguments()
    if torch is None:
        print("bench.peers compares with PyTorch, which is not installed here: pip install torch", file=sys.stderr)
        return 0
    torch.set_num_threads(fastcnn.get_num_threads())
    torch.set_grad_enabled(False)
    machine = {
        "isa": fastcnn.show_config("dicts")["cpu"]["isa"],
        "torch": torch.__version__,
        "threads": fastcnn.get_num_threads(),
        "peak GFLOP/s": quickbench.machine_peak(),
        "copy GB/s": quickbench.machine_copy(),
    }
    if options.json:
        results = list(measured(options))
        layers = [asdict(result) for result in results]
        print(json.dumps({**machine, "means": geometric_means(results), "layers": layers}, indent=2))
    else:
        print_table(measured(options), machine)
    return 0


if __name__ == "__main__":
    sys.exit(main())
