"""Whole networks in fastcnn and its peers, alternating in one run: training steps and inference, medians.

usage: python -m bench.peers_networks [--only mnist,resnet18] [--what train,batch,single,epoch,memory] [--rounds 5]
           [--peers torch,...] [--python tensorflow=/path/to/python,...] [--json FILE] [--markdown FILE]

The same graph, the same weights, float32, the same number of threads. Each library has a process of its own; one of
them computes at a time, the others sleep. PyTorch runs in both layouts, eager and compiled (for inference also with
frozen weights); Keras with and without XLA; OpenVINO for latency and for throughput; the best of each counts. A step of
training is forward, cross-entropy, gradients and SGD with momentum. Outputs, and first losses where no dropout makes
them random, are compared before the timing. The share that fastcnn reaches of the network's floor,
max(FLOPs after Winograd / measured peak, bytes / measured copy), is said in brackets. A peer that is not
installed is left out; --python says which interpreter has it.

epoch: `fit` over 60,000 images of MNIST's shape. memory: the most that three training steps need beyond the imported
library, in fresh processes.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.networks import NETWORKS
from bench.peer_process import Missing, PeerError, Worker
from bench.peer_table import TITLE, machine, machine_words, markdown, row_line
from bench.peer_task import TOLERANCE, Task

PEERS = {
    "train": ("fastcnn", "torch", "tensorflow"),
    "batch": ("fastcnn", "torch", "tensorflow", "onnxruntime", "openvino", "ncnn", "mnn"),
    "single": ("fastcnn", "torch", "tensorflow", "onnxruntime", "openvino", "ncnn", "mnn"),
    "epoch": ("fastcnn", "torch", "tensorflow"),
    "memory": ("fastcnn", "torch", "tensorflow"),
}
CONVERTED = {"onnxruntime", "openvino", "ncnn", "mnn"}  # from PyTorch's export
ONLY = {"epoch": ("mnist",), "memory": ("resnet50", "vgg16", "cifar")}  # networks of these comparisons
HOPELESS = 1.5  # variants that take so much longer than their peer's best are not measured again,
AT_FIRST = 2.0  # nor those that did so as soon as they were built, which also saves their memory
MEMORY_STEPS = 3


class Comparison:
    """Starts workers, lets them build, has them run in turn."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.versions: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.idle = 0.0
        self.rates: dict[str, Any] = {}
        self.errors: list[str] = []

    def start(self, peer: str, folder: Path) -> Worker | None:
        """A worker, or None where the library is not installed: that is said once."""
        if peer in self.left_out:
            return None
        try:
            python = self.options.python.get(peer, sys.executable)
            worker = Worker(peer, python, self.options.threads, folder / "log")
        except (Missing, OSError) as error:
            self.left_out[peer] = str(error)
            print(f"without {peer}: {error}", flush=True)
            return None
        self.versions.update(worker.versions)
        return worker

    def stop(self, worker: Worker) -> None:
        self.idle = max(self.idle, worker.idle_share())
        worker.close()

    def export(self, task: Task, peers: list[str]) -> list[str]:
        """Writes the files of a task; gives the peers that can read them."""
        for writer in ("fastcnn", "torch"):
            if writer == "torch" and not CONVERTED & set(peers):
                continue
            worker = self.start(writer, Path(task.folder))
            if worker is None and writer == "fastcnn":
                raise PeerError("fastcnn writes the networks: its Python must have it")
            if worker is None:
                print(f"without {', '.join(sorted(CONVERTED & set(peers)))}: PyTorch converts for them", flush=True)
                return [peer for peer in peers if peer not in CONVERTED]
            try:
                self.take_rates(worker.ask("export", task=task.message())["machine"])
            finally:
                worker.close()
        return peers

    def fail(self, words: str) -> None:
        """Says what went wrong; the others go on."""
        self.errors.append(words)
        print(words, file=sys.stderr, flush=True)

    def take_rates(self, found: dict[str, Any]) -> None:
        """The best that was measured of what the machine can do."""
        for name, value in found.items():
            self.rates[name] = max(value, self.rates.get(name, value))

    def variants(self, worker: Any, task: Task) -> list[str]:
        """What a worker can do of a task, but for what is not wanted."""
        names = worker.ask("begin", task=task.message())["variants"]
        return [name for name in names if not any(word in name for word in self.options.skip)]

    def prepare(self, worker: Any, task: Task) -> tuple[list[str], dict[str, list[float]]]:
        """Has a worker build its variants, compare their outputs and warm up.

        Returns:
            Those worth measuring, and the milliseconds of the others.
        """
        variants: list[str] = []
        times: dict[str, list[float]] = {}
        for variant in self.variants(worker, task):
            try:
                took = worker.ask("build", variant=variant, warm=0 if task.mode == "epoch" else 1)["seconds"]
                if task.mode != "epoch":  # too long for a look
                    found = worker.ask("run", variant=variant, seconds=self.options.turn, most=20)
                    times[variant] = found["milliseconds"]
            except PeerError as error:
                self.fail(f"{task.network}, {variant}: {error}")
                continue
            if self.options.verbose:
                print(f"  {variant}: ready after {took:.0f} s", flush=True)
            variants.append(variant)
            if task.mode != "epoch":
                drop_slow(worker, variants, times, AT_FIRST)
        return variants, {variant: found for variant, found in times.items() if variant not in variants}

    def timing(self, task: Task, peers: list[str]) -> dict[str, Any]:
        """Median milliseconds of every variant, and what the floor is."""
        ready: dict[str, tuple[Any, list[str]]] = {}
        slow: dict[str, list[float]] = {}
        try:
            for peer in peers:
                worker = self.start(peer, Path(task.folder))
                if worker is not None:
                    ready[peer] = worker, []
                    variants, found = self.prepare(worker, task)
                    if peer != "fastcnn" and not worker.alive():  # one of its variants ended it; the others go on
                        self.fail(f"{task.network}: without {peer}, whose process ended; --skip leaves a variant out")
                        continue
                    ready[peer] = worker, variants
                    slow.update(found)
            values = medians({**alternate(ready, self.options.rounds, self.options.turn), **slow})
            if "fastcnn" not in ready or task.mode == "epoch":
                return {"values": values}
            return {"values": values, "floor": ready["fastcnn"][0].ask("floor")["milliseconds"]}
        finally:
            for worker, _ in ready.values():
                self.stop(worker)

    def memory(self, task: Task, peers: list[str]) -> dict[str, Any]:
        """Bytes of every variant, each in a fresh process."""
        found: dict[str, float] = {}
        for peer in peers:
            variants: list[str | None] = [None]
            while variants:
                worker = self.start(peer, Path(task.folder))
                if worker is None:
                    break
                try:
                    names = self.variants(worker, task)
                    if variants == [None]:
                        variants = list(names)
                    if not variants:
                        break
                    variant = variants.pop(0)
                    found[str(variant)] = worker.ask("peak", variant=variant, steps=MEMORY_STEPS)["bytes"]
                finally:
                    worker.close()
        return {"values": found}

    def row(self, name: str, what: str) -> dict[str, Any]:
        """One line of the table."""
        network = NETWORKS[name]
        batch = {"batch": network.inference_batch, "single": 1}.get(what, network.training_batch)
        batch = min(batch, self.options.batch or batch)
        mode = {"batch": "inference", "single": "inference"}.get(what, what)
        with tempfile.TemporaryDirectory(prefix="fastcnn-peers-") as folder:
            images = self.options.images if what == "epoch" else batch
            task = Task(folder, name, mode, batch, images, self.options.threads, self.options.tolerance)
            peers = self.export(task, [peer for peer in PEERS[what] if peer in self.options.peers])
            found = (self.memory if what == "memory" else self.timing)(task, peers)
        return {"network": name, "what": what, "batch": batch, **found}


def drop_slow(worker: Any, variants: list[str], times: dict[str, list[float]], factor: float) -> None:
    """Takes the variants from the list, and from the worker, that are so much slower than the best of the list."""
    found = medians({variant: times[variant] for variant in variants})
    for variant, milliseconds in found.items():
        if milliseconds > factor * min(found.values()):
            variants.remove(variant)
            worker.ask("drop", variant=variant)


def alternate(ready: dict[str, tuple[Any, list[str]]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of every variant: in each round every one has its turn, of at least one call.

    After the first round, the variants of a peer that are far behind its best one have had their turn.

    Args:
        ready: by peer, its worker and the variants that it has built.
        rounds: how many turns each variant has.
        seconds: how long short calls are repeated in one turn.
    """
    times: dict[str, list[float]] = {variant: [] for _, variants in ready.values() for variant in variants}
    waiting = [(worker, list(variants)) for worker, variants in ready.values()]
    for turn in range(rounds):
        for worker, variants in waiting:
            for variant in variants:
                times[variant] += worker.ask("run", variant=variant, seconds=seconds, most=200)["milliseconds"]
            if turn == 0:
                drop_slow(worker, variants, times, HOPELESS)
    return times


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in times.items()}


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line; names that do not exist are refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="networks (all; for epoch and memory fewer)")
    parser.add_argument("--what", default="train,batch,single")
    parser.add_argument("--peers", default=",".join(PEERS["batch"]), help="libraries (%(default)s)")
    parser.add_argument("--python", default="", help="interpreters: tensorflow=/path,openvino=/path (this one)")
    parser.add_argument("--skip", default="", help="variants with one of these words: compiled,frozen,XLA")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=float, default=0.3, help="seconds of short calls in one turn (%(default)s)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, help="at most: to see whether everything works")
    parser.add_argument("--images", type=int, default=60_000, help="of an epoch (%(default)s)")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="of outputs, relative (%(default)s)")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--markdown", type=Path, help="a file for a table")
    parser.add_argument("--verbose", action="store_true", help="what takes how long before the timing")
    options = parser.parse_args(given)
    options.what, options.peers = options.what.split(","), options.peers.split(",")
    options.skip = [word for word in options.skip.split(",") if word]
    options.only = options.only.split(",") if options.only else None
    options.python = dict(item.split("=", 1) for item in options.python.split(",") if item)
    known = (("--what", options.what, PEERS), ("--peers", options.peers, PEERS["batch"]),
             ("--only", options.only or [], NETWORKS), ("--python", options.python, PEERS["batch"]))  # fmt: skip
    for flag, names, choices in known:
        for name in names:
            if name not in choices:
                parser.error(f"{flag}: {name!r} is none of {', '.join(choices)}")
    return options


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes end and folders go
    comparison = Comparison(options)
    rows: list[dict[str, Any]] = []
    for what in options.what:
        for name in options.only or ONLY.get(what, tuple(NETWORKS)):
            try:
                row = comparison.row(name, what)
            except PeerError as error:
                comparison.fail(f"{name} {what}: {error}")
                continue
            if not rows:
                print(machine_words(machine(options.threads, comparison.rates, comparison.versions)))
                print(TITLE)
            rows.append(row)
            print(row_line(row), flush=True)
            report = {
                "machine": machine(options.threads, comparison.rates, comparison.versions),
                "rounds": options.rounds,
                "idle": comparison.idle,
                "left_out": comparison.left_out,
                "errors": comparison.errors,
                "words": {name: NETWORKS[name].words for name in NETWORKS},
                "rows": rows,
            }
            if options.json:
                options.json.write_text(json.dumps(report, indent=1))
            if options.markdown:
                options.markdown.write_text(markdown(report) + "\n")
    print(f"peers that were not asked used at most {comparison.idle:.1%} of a core")
    return int(bool(comparison.errors))


if __name__ == "__main__":
    sys.exit(main())
