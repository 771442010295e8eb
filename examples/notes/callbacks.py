"""Callbacks: checkpoints named after epoch and accuracy, a rate that falls on plateaus, early stopping, a CSV file.

The notes, chapter "Callbacks". Reads MNIST where datasets.mnist finds it; writes to a temporary folder. Needs h5py
for the weights' format of the notes: pip install "fastcnn[h5]". What to see: a checkpoint only where the validation
loss fell, a lower rate after an epoch where it did not, and the best loss again after the last checkpoint is loaded.
"""

import tempfile
from pathlib import Path

from fastcnn.callbacks import CSVLogger, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from fastcnn.datasets import mnist
from fastcnn.layers import Dense, Flatten, Input
from fastcnn.losses import SparseCategoricalCrossentropy
from fastcnn.models import Sequential
from fastcnn.optimizers import Adam
from fastcnn.utils import set_random_seed

SAMPLES, EPOCHS = 8000, 6

set_random_seed(0)
(x_train, y_train), (x_val, y_val) = mnist.load_data()
x_train, y_train, x_val, y_val = x_train[:SAMPLES] / 255.0, y_train[:SAMPLES], x_val[:2000] / 255.0, y_val[:2000]

with tempfile.TemporaryDirectory() as folder:
    callbacks = [
        ModelCheckpoint(
            f"{folder}/weights.{{epoch:03d}}-{{val_loss:.4f}}-{{acc:.4f}}.weights.h5",
            monitor="val_loss",
            save_best_only=True,
            save_weights_only=True,
            mode="auto",
        ),
        ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=1, mode="auto", min_lr=0),
        EarlyStopping(monitor="val_loss", patience=3, mode="auto"),
        CSVLogger(f"{folder}/training.csv"),
    ]
    model = Sequential([Input((28, 28)), Flatten(), Dense(256, activation="relu"), Dense(10, activation="softmax")])
    model.compile(optimizer=Adam(0.003), loss=SparseCategoricalCrossentropy(), metrics=["acc"])
    history = model.fit(
        x=x_train,
        y=y_train,
        validation_data=(x_val, y_val),
        batch_size=64,
        epochs=EPOCHS,
        callbacks=callbacks,
        verbose=2,
    )
    saved = sorted(Path(folder).glob("*.weights.h5"))
    print("checkpoints:", *[path.name for path in saved], sep="\n  ")
    print("learning rates:", [f"{rate:.0e}" for rate in history.history["learning_rate"]])
    model.load_weights(saved[-1])
    print(
        f"best validation loss {min(history.history['val_loss']):.4f}, after loading "
        f"{model.evaluate(x_val, y_val, verbose=0)[0]:.4f}"
    )
