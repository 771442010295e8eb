"""The comparison of whole networks: the protocol with a library's process, the turns, the tables."""

import importlib
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # at the end: the source tree's fastcnn may have no binaries

from bench import peer_blueprint, peer_table, peers, peers_networks  # noqa: E402
from bench.peer_process import Missing, PeerError, Worker  # noqa: E402
from bench.peer_task import Task  # noqa: E402
from bench.peer_worker import timed  # noqa: E402

FAKE = """
import os, threading, time

def versions():
    print("a library greets")
    return {"fake": "1.0", "threads": os.environ["OMP_NUM_THREADS"]}

def export(task):
    task.path("exported").write_text(task.network)

def floor(task):
    return 0.5

def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass

def fail():
    raise ValueError("no such network")

def factories(task):
    return {
        "quick": lambda: lambda: None,
        "spinning": lambda: lambda: threading.Thread(target=spin, args=(0.3,)).start(),
        "failing": lambda: fail(),
        "ending": lambda: lambda: os._exit(7),
    }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bench with the fake peer, and one whose library is missing."""
    there = tmp_path_factory.mktemp("peers")
    shutil.copytree(ROOT / "bench", there / "bench", ignore=shutil.ignore_patterns("results", "__pycache__"))
    (there / "bench" / "peer_fake.py").write_text(FAKE)
    (there / "bench" / "peer_absent.py").write_text("import a_library_that_nobody_has")
    return there


@pytest.fixture
def worker(folder):
    worker = Worker("fake", sys.executable, 2, folder / "log", folder)
    yield worker
    worker.close()


@pytest.fixture
def task(tmp_path):
    return Task(str(tmp_path), "mnist", "inference", 2, 2, 2)


def test_a_worker_answers_what_it_is_asked(worker, task, folder):
    assert worker.versions == {"fake": "1.0", "threads": "2"}
    assert worker.ask("export", task=task.message()) == {"machine": {}}
    assert task.path("exported").read_text() == "mnist"
    assert worker.ask("begin", task=task.message())["variants"] == ["quick", "spinning", "failing", "ending"]
    assert worker.ask("build", variant="quick", warm=1)["seconds"] >= 0
    assert len(worker.ask("run", variant="quick", seconds=10.0, most=7)["milliseconds"]) == 7
    assert worker.ask("drop", variant="quick") == {}
    assert "a library greets" in (folder / "log").read_text()
    assert worker.idle_share() < 0.5


def test_nobody_else_is_asked_while_threads_still_spin(worker, task):
    worker.ask("begin", task=task.message())
    worker.ask("build", variant="spinning", warm=0)
    start = time.monotonic()
    worker.ask("run", variant="spinning", seconds=0.0, most=1)
    assert time.monotonic() - start >= 0.25


def test_what_goes_wrong_in_a_worker_is_said(worker, task):
    worker.ask("begin", task=task.message())
    with pytest.raises(PeerError, match="fake: ValueError: no such network"):
        worker.ask("build", variant="failing", warm=0)
    with pytest.raises(PeerError, match="fake ended with status 7 at 'build'"):
        worker.ask("build", variant="ending", warm=1)
    with pytest.raises(PeerError, match="fake ended with status 7 at 'run'"):
        worker.ask("run", variant="ending", seconds=0.0, most=1)


def test_a_library_that_is_not_there(folder):
    with pytest.raises(Missing, match="No module named 'a_library_that_nobody_has'"):
        Worker("absent", sys.executable, 2, folder / "log", folder)


def test_memory_is_that_of_the_steps(folder, task):
    worker = Worker("fake", sys.executable, 2, folder / "log", folder)
    worker.ask("begin", task=task.message())
    assert abs(worker.ask("peak", variant="quick", steps=3)["bytes"]) < 5e6
    worker.close()


@pytest.mark.parametrize(
    ("nap", "seconds", "most", "expected"), [(0.06, 0.0, 9, 1), (0.0, 9.0, 4, 4), (0.0, 9.0, 1, 1)]
)
def test_how_often_a_call_is_timed(nap, seconds, most, expected):
    calls = []
    times = timed(lambda: calls.append(time.sleep(nap)), seconds, most)
    assert len(times) == expected and min(times) >= 1e3 * nap
    # The first of several quick calls finds cold caches, and does not count.
    assert len(calls) == expected + (nap == 0.0 and most > 1)


class Recorder:
    """A worker that takes a given time for each variant."""

    def __init__(self, log, **milliseconds):
        self.log, self.milliseconds = log, milliseconds

    def ask(self, do, variant, **_):
        self.log.append(variant if do == "run" else f"{do} {variant}")
        return {"milliseconds": [self.milliseconds[variant]] * 2}


def test_peers_take_turns_and_hopeless_variants_leave():
    log = []
    ready = {
        "ours": (Recorder(log, a=1.0), ["a"]),
        "theirs": (Recorder(log, b=4.0, c=7.0, d=5.0), ["b", "c", "d"]),
    }
    times = peers_networks.alternate(ready, 3, 0.1)
    assert log == ["a", "b", "c", "d", "drop c", "a", "b", "d", "a", "b", "d"]
    assert peers_networks.medians(times) == {"a": 1.0, "b": 4.0, "c": 7.0, "d": 5.0}
    assert {name: len(found) for name, found in times.items()} == {"a": 6, "b": 6, "c": 2, "d": 6}


SHARE = ["[60%", "of", "the", "floor]"]


@pytest.fixture
def report():
    rows = [
        {
            "network": "mnist",
            "what": "train",
            "batch": 128,
            "floor": 12.0,
            "values": {"fastcnn": 20.0, "P": 62.0, "K": 60.0},
        },
        {"network": "mnist", "what": "single", "batch": 1, "values": {"fastcnn": 0.16}},
        {"network": "vgg16", "what": "memory", "batch": 8, "values": {"fastcnn": 1.2e9, "P": 2.4e9}},
        {"network": "mnist", "what": "epoch", "batch": 128, "values": {"P": 3e4, "fastcnn": 1e4}},
    ]
    rates = {"isa": "avx512", "peak GFLOP/s": 531.4, "copy GB/s": 54.2}
    machine = {"cpu": "A CPU", "cores": 2, "threads": 2, **rates, "versions": {"fastcnn": "1", "torch": "2"}}
    return {"machine": machine, "words": {"vgg16": "VGG16"}, "left_out": {"mnn": "none here"}, "rows": rows}


def test_rows_for_the_terminal(report):
    lines = [peer_table.row_line(row).split() for row in report["rows"]]
    assert lines[0] == ["mnist", "train", "b128", "ms", "20.0", "60.0", "3.00", "K;", "P", "62.0", *SHARE]
    assert lines[1] == ["mnist", "single", "b1", "ms", "0.16", "-", "-"]
    assert lines[2] == ["vgg16", "memory", "b8", "MB", "1200", "2400", "2.00", "P"]
    assert lines[3] == ["mnist", "epoch", "b128", "s", "10.0", "30.0", "3.00", "P"]
    alone = {"network": "mnist", "what": "train", "batch": 1, "values": {"P": 1.0}}
    assert peer_table.row_line(alone).split()[4:] == ["-", "1.00", "-", "P"]


def test_the_table_in_markdown(report):
    assert peer_table.markdown(report).splitlines() == [
        "A CPU, 2 cores, avx512, peak 531 GFLOP/s, copy 54 GB/s; 2 threads, float32; fastcnn 1, torch 2.",
        "",
        "| fastcnn, the best peer, times as much | training step, ms | inference, one image, ms | an epoch of `fit`, s "
        "| memory of training steps, MB |",
        "|---|---|---|---|---|",
        "| mnist (batch 128) | 20.0, 60.0 (K), **3.0** |  | 10.0, 30.0 (P), **3.0** |  |",
        "| VGG16 (batch 8) |  |  |  | 1200, 2400 (P), **2.0** |",
        "",
        "Not compared: mnn: none here.",
    ]


def test_the_machine_has_a_name_and_threads():
    found = peer_table.machine(2, {"isa": "avx2"}, {"fastcnn": "1"})
    assert found["cpu"] and found["cores"] >= 1 and found["isa"] == "avx2" and found["threads"] == 2


def test_arguments():
    options = peers_networks.arguments(["--python", "ncnn=/a/b,torch=/c", "--what", "train,epoch", "--only", "vgg16"])
    assert options.python == {"ncnn": "/a/b", "torch": "/c"} and options.what == ["train", "epoch"]
    assert options.only == ["vgg16"] and options.threads >= 1 and options.skip == []


def test_variants_that_are_not_wanted(task):
    class Answering:
        def ask(self, do, **_):
            return {"variants": ["eager", "compiled contiguous", "Keras XLA", "Keras"]}

    comparison = peers_networks.Comparison(peers_networks.arguments(["--skip", "compiled,XLA"]))
    assert comparison.variants(Answering(), task) == ["eager", "Keras"]


def test_a_variant_that_fails_is_said_and_the_others_go_on(worker, task, capsys):
    comparison = peers_networks.Comparison(peers_networks.arguments(["--skip", "spinning,ending"]))
    assert comparison.prepare(worker, task) == (["quick"], {})
    assert comparison.errors == ["mnist, failing: fake: ValueError: no such network"]
    assert "no such network" in capsys.readouterr().err


def test_a_peer_whose_process_ends_takes_no_row_with_it(folder, task, monkeypatch, capsys):
    comparison = peers_networks.Comparison(peers_networks.arguments(["--skip", "spinning,failing", "--rounds", "1"]))
    monkeypatch.setattr(comparison, "start", lambda peer, _: Worker("fake", sys.executable, 2, folder / peer, folder))
    ending = comparison.variants

    def variants(worker, task):
        found = ending(worker, task)
        return found if worker.log.name == "other" else ["quick"]

    monkeypatch.setattr(comparison, "variants", variants)
    found = comparison.timing(task, ["fastcnn", "other"])
    assert list(found["values"]) == ["quick"] and found["floor"] == 0.5
    assert comparison.errors[-1] == "mnist: without other, whose process ended; --skip leaves a variant out"
    assert "fake ended with status 7" in comparison.errors[0] and "without other" in capsys.readouterr().err


def test_rates_are_the_best_ones():
    comparison = peers_networks.Comparison(peers_networks.arguments([]))
    for peak in (5.0, 7.0, 6.0):
        comparison.take_rates({"isa": "avx2", "peak GFLOP/s": peak})
    assert comparison.rates == {"isa": "avx2", "peak GFLOP/s": 7.0}


@pytest.mark.parametrize("flag", ["--what", "--only", "--peers", "--python"])
def test_arguments_that_do_not_exist(flag, capsys):
    with pytest.raises(SystemExit):
        peers_networks.arguments([flag, "nothing=1"])
    assert f"{flag}: 'nothing" in capsys.readouterr().err


def test_outputs_and_losses_must_agree(task):
    np.save(task.path("expected.npy"), np.float32([[1, 2], [3, 4]]))
    task.check("a peer", [[1, 2.0001]])  # fewer images are fine
    with pytest.raises(AssertionError, match=r"mnist: the output of a peer differs from fastcnn's by 2\.5e-04"):
        task.check("a peer", [[1, 2], [3, 4.001]])
    with pytest.raises(AssertionError, match="differs"):
        task.check("a peer", [[1, 2], [3, np.nan]])
    task.check_loss("a peer", 1.0)  # there is none to compare with
    np.save(task.path("loss.npy"), 2.0)
    task.check_loss("a peer", 2.0001)
    with pytest.raises(AssertionError, match=r"the first loss of a peer is 2\.1, fastcnn's 2\.0"):
        task.check_loss("a peer", 2.1)


def test_a_network_as_files(tmp_path):
    model = importlib.import_module("bench.networks").build("mnist")
    peer_blueprint.write(model, tmp_path)
    network = peer_blueprint.read(tmp_path)
    kinds = ["Conv2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dropout", "Dense"]
    assert [step["kind"] for step in network.steps] == kinds and network.draws()
    assert network.image == (28, 28, 1) and network.output == network.steps[-1]["target"] == network.size - 1
    assert [step["sources"] for step in network.steps] == [[i] for i in range(7)]
    assert network.steps[3]["shape"] == [12, 12, 64]
    weights = [array for step in network.steps for array in network.weights(step["target"])]
    for mine, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_layers_are_timed_in_passes_and_medians_run_over_all(monkeypatch):
    turns = iter([1.0, 2.0, 3.0, 1.0, 2.5, 3.0] + [9.0] * 6 + [1.0, 2.0, 3.0, 1.0, 2.5, 3.0])
    monkeypatch.setattr(peers, "turn", lambda call: next(turns))
    monkeypatch.setattr(peers.quickbench, "machine_peak", lambda: 10.0)
    calls = dict.fromkeys(["fastcnn", "contiguous", "channels_last"], lambda: None)
    duel, times = peers.Duel("dw", "VGG16", "a layer", calls, flops=5e9), {}
    for _ in range(3):  # in the second one the machine had other things to do
        peers.fight(duel, 0, times)
    assert times["fastcnn"] == [1, 1, 9, 9, 1, 1]
    result = peers.outcome(duel, times)
    assert (result.milliseconds, result.peer_milliseconds, result.peer_variant) == (1000, 2500, "contiguous")
    assert (result.rate, result.share, result.ratio) == (5, 0.5, 2.5)
