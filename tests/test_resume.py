"""A training that is killed at any moment, and started again until it ends, ends with the same bits."""

import hashlib
import os
import random as chance
import signal
import time
import warnings

import numpy as np
import pytest

from fastcnn import callbacks, layers, optimizers, random
from fastcnn.models.sequential import Sequential
from fastcnn.training.pydataset import PyDataset

RNG = np.random.default_rng(1)
X = RNG.normal(size=(60, 6, 6, 1)).astype("float32")
Y = (X.sum((1, 2, 3)) > 0).astype(int)


def new(optimizer=None, seed=3, units=5):
    random.set_global_seed(seed)
    model = Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(3, 3, use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(units, activation="relu", name="hidden"),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax", name="out"),
        ]
    )
    rate = optimizers.schedules.ExponentialDecay(0.02, 7, 0.9)
    model.compile(optimizer or optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["acc"])
    return model


def digest(model):
    """Of everything that changes in training."""
    found = hashlib.sha256()
    for v in [*model.variables, *model.optimizer.variables]:
        found.update(np.ascontiguousarray(v.array).tobytes())
    return found.hexdigest()


def train(folder, epochs=4, **kwargs):
    model = new()
    backup = callbacks.BackupAndRestore(folder, save_freq=3, double_checkpoint=True)
    model.fit(X, Y, batch_size=9, epochs=epochs, verbose=0, validation_split=0.2, callbacks=[backup], **kwargs)
    return digest(model)


def run_in_a_child(folder, result):
    """Forks a training that writes its digest; gives the process's number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                text = train(folder)
            result.with_suffix(".part").write_text(text)
            result.with_suffix(".part").replace(result)
            code = 0
        finally:
            os._exit(code)
    return child


def ended(child, seconds):
    """Whether the child has ended by itself in that time; if not, it is killed."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return not os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_50_random_moments(tmp_path):
    began = time.perf_counter()
    expected = train(tmp_path / "whole")
    length = time.perf_counter() - began
    dice = chance.Random(4)
    found, left = [], set()
    while len(found) < 50:
        folder, result = tmp_path / f"backup{len(found)}", tmp_path / f"result{len(found)}"
        if ended(run_in_a_child(folder, result), dice.uniform(0, length)):
            result.unlink()  # too late to kill it: once more
            continue
        left.add(tuple(sorted(p.name.split(".")[-2] for p in folder.iterdir())) if folder.exists() else ())
        while not result.exists():  # now and then it is killed again
            child = run_in_a_child(folder, result)
            assert ended(child, dice.uniform(0, length) if dice.random() < 0.3 else 60) or not result.exists()
        found.append(result.read_text())
        assert not folder.exists()
    assert found == [expected] * 50
    assert len(left) >= 2, "all were killed at the same stage"


# ---- going on in the same process, and with other callbacks


class Interrupt(callbacks.Callback):
    """Stops at a batch as Ctrl-C does."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


class Batches(PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]


def data(kind):
    if kind == "arrays":
        return {"x": X[:50], "y": Y[:50], "batch_size": 9, "shuffle": True}
    if kind == "batches":
        return {"x": Batches(), "shuffle": True}
    if kind == "list":
        return {"x": _Again()}
    return {"x": (Batches()[i % 6] for i in range(1000)), "steps_per_epoch": 6}


class _Again:
    """Can be iterated over any number of times; has no length."""

    def __iter__(self):
        return (Batches()[i] for i in range(6))


def everything(folder, save_freq):
    """All callbacks that keep something; the backup stands first and comes last all the same."""
    return [
        callbacks.BackupAndRestore(folder / "backup", save_freq),
        callbacks.EarlyStopping(patience=4, restore_best_weights=True),
        callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.05, cooldown=1),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.97),
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.ModelCheckpoint(folder / "{epoch}-{batch}.npz", save_freq=4, max_to_keep=2),
        callbacks.ModelCheckpoint(folder / "best.safetensors", save_best_only=True),
    ]


def run(folder, kind, save_freq, before=(), model=None):
    folder.mkdir(exist_ok=True)
    model = model or new(optimizers.Adam(0.03))
    history = model.fit(
        **data(kind),
        validation_data=(X[40:], Y[40:]),
        epochs=12,
        verbose=0,
        callbacks=[*everything(folder, save_freq), *before],
    )
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return digest(model), history.history, history.epoch, files


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = run(tmp_path_factory.mktemp("whole") / kind, kind, "epoch")
        return made[kind]

    return get


@pytest.mark.parametrize("same", [True, False], ids=["same model", "new model"])
@pytest.mark.parametrize(
    ("kind", "save_freq", "at"),
    [
        ("arrays", "epoch", 1),
        ("arrays", "epoch", 14),
        ("arrays", 1, 1),
        ("arrays", 1, 6),
        ("arrays", 1, 20),
        ("arrays", 4, 23),
        ("batches", 3, 16),
        ("batches", 5, 24),
        ("list", 3, 12),
        ("list", 3, 13),
        ("list", 4, 17),
        ("list", 5, 4),
        ("generator", 3, 16),
        ("generator", 3, 18),
    ],
)
def test_interrupted_with_all_callbacks(tmp_path, whole, kind, save_freq, at, same):
    expected = whole(kind)
    assert len(expected[2]) >= 5
    model = new(optimizers.Adam(0.03))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", kind, save_freq, [Interrupt(at)], model)
    found = run(tmp_path / "run", kind, save_freq, [], model if same else new(optimizers.Adam(0.03), seed=8))
    assert found[1:3] == expected[1:3]
    assert found[0] == expected[0]
    assert found[3] == expected[3]


def accumulated():
    return optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=2)


def averaged():
    return optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=7)


@pytest.mark.parametrize("make", [accumulated, averaged])
@pytest.mark.parametrize("at", [1, 4, 5, 7, 10, 12])
def test_averages_and_accumulators(tmp_path, make, at):
    def fit(folder, *before):
        model = new(make())
        listed = [callbacks.BackupAndRestore(tmp_path / folder, 1), *before]
        if make is averaged:
            listed.insert(1, callbacks.SwapEMAWeights(swap_on_epoch=True))
        history = model.fit(X, Y, batch_size=12, epochs=3, verbose=0, validation_split=0.2, callbacks=listed)
        return digest(model), history.history

    expected = fit("whole")
    with pytest.raises(KeyboardInterrupt):
        fit("broken", Interrupt(at))
    assert (tmp_path / "broken").exists()
    assert fit("broken") == expected


def interrupt(number, frame):
    """Ctrl-C, but not inside what runs when an object dies: nothing can be raised there."""
    while frame is not None:
        if frame.f_code.co_name == "__del__" or "weakref" in frame.f_code.co_filename:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            return
        frame = frame.f_back
    signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer")
# Between the opening of a file and the statement that closes it there is a moment; the file is closed all the same.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_ctrl_c_at_random_moments(tmp_path):
    """The same model, whose weights have gone on since the backup; each call of fit gets a little farther."""
    began = time.perf_counter()
    expected = train(tmp_path / "whole", epochs=6)
    length = time.perf_counter() - began
    model, interrupts, dice = new(), 0, chance.Random(2)

    class Soon(callbacks.Callback):
        waits = True

        def on_train_batch_begin(self, batch, logs=None):
            if self.waits and interrupts < 5:
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.001, 0.2) * length)
            self.waits = False

        def on_train_end(self, logs=None):
            signal.setitimer(signal.ITIMER_REAL, 0)

    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        while model.history is None or len(model.history.epoch) < 6:
            listed = [callbacks.BackupAndRestore(tmp_path / "backup", save_freq=3), Soon()]
            try:
                model.fit(X, Y, batch_size=9, epochs=6, verbose=0, validation_split=0.2, callbacks=listed)
            except KeyboardInterrupt:
                interrupts += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert interrupts >= 1
    assert digest(model) == expected
