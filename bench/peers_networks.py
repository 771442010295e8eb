"""Whole networks in fastcnn and PyTorch, in one process: training steps and inference, alternating; medians.

usage: python -m bench.peers_networks [--only mnist,resnet18] [--what train,batch,single] [--rounds 5] [--json FILE]

The same graph, the same weights, float32, the same number of threads; PyTorch in both layouts, the better one counts.
A training step is forward, cross-entropy, gradients and SGD with momentum. Outputs are compared before the timing.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import fastcnn
from bench.networks import NETWORKS, build
from bench.torch_networks import translate
from fastcnn import losses, optimizers, quickbench

Calls = dict[str, Callable[[], Any]]


def alternate(calls: Calls, rounds: int) -> dict[str, float]:
    """The median milliseconds of each, one after the other in every round."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(t) for name, t in times.items()}


def torch_layout(x: Any, last: bool) -> Any:
    """Images (n, h, w, c) as PyTorch's (n, c, h, w), in memory as asked."""
    tensor = torch.from_numpy(x).permute(0, 3, 1, 2)
    return tensor.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def training(name: str, model: Any, batch: int) -> Calls:
    """One step of each."""
    _, side, channels, classes, _, _ = NETWORKS[name]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, side, side, channels), dtype=np.float32)
    y = rng.integers(0, classes, batch)
    model.compile(
        optimizer=optimizers.SGD(1e-4, momentum=0.9), loss=losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    calls: Calls = {"fastcnn": lambda: model.train_on_batch(x, y)}
    for last in (False, True):
        module = translate(model).train()
        if last:
            module = module.to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(module.parameters(), 1e-4, momentum=0.9)
        tx, ty = torch_layout(x, last), torch.from_numpy(y)

        def step(module: Any = module, optimizer: Any = optimizer, tx: Any = tx, ty: Any = ty) -> None:
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(module(tx), ty).backward()
            optimizer.step()

        calls[f"torch {'channels_last' if last else 'contiguous'}"] = step
    return calls


def inference(name: str, model: Any, batch: int) -> Calls:
    """One batch through each; the outputs are equal."""
    _, side, channels, _, _, _ = NETWORKS[name]
    x = np.random.default_rng(0).standard_normal((batch, side, side, channels), dtype=np.float32)
    calls: Calls = {"fastcnn": lambda: model.predict(x, batch_size=batch, verbose=0)}
    expected = calls["fastcnn"]()
    for last in (False, True):
        module = translate(model).eval()
        if last:
            module = module.to(memory_format=torch.channels_last)
        tx = torch_layout(x, last)

        def run(module: Any = module, tx: Any = tx) -> Any:
            with torch.inference_mode():
                return module(tx)

        error = np.abs(run().numpy() - expected).max() / np.abs(expected).max()
        if error > 1e-4:
            raise AssertionError(f"{name}: PyTorch's output differs by {error:.1e}")
        calls[f"torch {'channels_last' if last else 'contiguous'}"] = run
    return calls


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NETWORKS))
    parser.add_argument("--what", default="train,batch,single")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    threads = fastcnn.get_num_threads()
    torch.set_num_threads(threads)
    print(f"{threads} threads, peak {quickbench.machine_peak():.0f} GFLOP/s, copy {quickbench.machine_copy():.0f} GB/s")
    print(f"{'network':<14}{'what':<16}{'fastcnn ms':>11}{'best peer ms':>14}{'times faster':>14}  peer")
    rows = []
    for name in options.only.split(","):
        _, _, _, _, train, many = NETWORKS[name]
        for what, batch in (("train", train), ("batch", many), ("single", 1)):
            if what not in options.what.split(","):
                continue
            model = build(name)
            calls = training(name, model, batch) if what == "train" else inference(name, model, batch)
            rounds = options.rounds * (10 if what == "single" or name in ("mnist",) else 1)
            found = alternate(calls, rounds)
            ours = found.pop("fastcnn")
            peer = min(found, key=found.__getitem__)
            label = f"{'training' if what == 'train' else 'inference'} b{batch}"
            print(
                f"{name:<14}{label:<16}{ours:>11.2f}{found[peer]:>14.2f}{found[peer] / ours:>14.2f}  {peer}", flush=True
            )
            rows.append({"network": name, "what": label, "fastcnn": ours, **found})
    if options.json:
        with open(options.json, "w") as file:  # noqa: PTH123
            json.dump({"threads": threads, "rows": rows}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
