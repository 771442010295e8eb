"""A training that is stopped anywhere and goes on ends with the same bits."""

import copy
import pickle

import numpy as np
import pytest

from fastcnn import callbacks, layers, optimizers, random
from fastcnn.models.sequential import Sequential
from fastcnn.training.pydataset import PyDataset
from fastcnn.training.state import TrainingState

X = np.random.default_rng(1).normal(size=(50, 4))
Y = (X.sum(1) > 0).astype(int)


class Batches(PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]


def new():
    random.set_global_seed(3)
    model = Sequential(
        [
            layers.Input((4,)),
            layers.Dense(6, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["acc"])
    return model


class Snapshot(callbacks.Callback):
    """All that a checkpoint would hold, at one batch or at one epoch's end."""

    def __init__(self, at=None, epoch=None):
        super().__init__()
        self.at, self.epoch, self.count = at, epoch, 0
        self.taken = None

    def take(self):
        model = self.model
        self.taken = copy.deepcopy(
            {
                "fit": model._fit_state.get(),
                "weights": [v.numpy() for v in model.variables],
                "optimizer": [v.numpy() for v in model.optimizer.variables],
            }
        )

    def on_train_batch_end(self, batch, logs=None):
        if self.count == self.at:
            self.take()
        self.count += 1

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.take()


def arguments(kind):
    if kind == "arrays":
        return {"x": X, "y": Y, "batch_size": 10, "validation_split": 0.0}
    if kind == "dataset":
        return {"x": Batches()}
    return {"x": (Batches()[i % 5] for i in range(1000)), "steps_per_epoch": 5}


@pytest.mark.parametrize("kind", ["arrays", "dataset", "generator"])
@pytest.mark.parametrize("snapshot", [{"at": 0}, {"at": 7}, {"at": 9}, {"epoch": 1}])
def test_going_on_is_the_same_training(kind, snapshot):
    model = new()
    stop = Snapshot(**snapshot)
    whole = model.fit(**arguments(kind), epochs=4, verbose=0, callbacks=[stop])
    saved = pickle.loads(pickle.dumps(stop.taken))

    other = new()
    random.set_global_seed(99)
    for variables, arrays in ((other.variables, saved["weights"]),):
        for v, a in zip(variables, arrays, strict=True):
            v.assign(a)
    other.optimizer.build(other.trainable_variables)
    for v, a in zip(other.optimizer.variables, saved["optimizer"], strict=True):
        v.assign(a)
    other._resume_state = saved["fit"]
    rest = other.fit(**arguments(kind), epochs=4, verbose=0, callbacks=[Snapshot()])
    for a, b in zip(model.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    assert rest.history == whole.history
    assert rest.epoch == whole.epoch
    assert other._fit_state.epoch == 4


def test_two_runs_of_one_seed_agree_and_a_second_fit_is_new():
    runs = []
    for _ in range(2):
        model = new()
        first = model.fit(X, Y, epochs=1, verbose=0)
        seeds = [model._fit_state.seed]
        model.fit(X, Y, epochs=1, verbose=0)
        seeds.append(model._fit_state.seed)
        runs.append((first.history, seeds, [w.tolist() for w in model.get_weights()]))
    assert runs[0] == runs[1]
    assert seeds[0] != seeds[1]
    assert int(model.optimizer.iterations) == 4


def test_state_is_plain_data():
    state = TrainingState(5)
    state.epoch, state.step = 2, 3
    saved = state.get()
    assert (saved["seed"], saved["epoch"], saved["step"], saved["metrics"]) == (5, 2, 3, [])
    again = pickle.loads(pickle.dumps(state))
    assert again.get() == saved
    with pytest.raises(ValueError, match=r"a training state needs \['epoch', 'metrics', 'seed', 'step'\], got \[\]"):
        TrainingState().set({})
    state.metrics = [np.zeros(())]
    with pytest.raises(ValueError, match="holds 1 sums of metrics, the model has 0"):
        state.restore_metrics([])
