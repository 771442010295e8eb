"""Bottleneck features: the base sees each picture once, the classifier is trained on what it said, in a second.

The notes, chapters "Bottleneck features" and "Fine-tuning" (which strategy for which data). Reads
FASTCNN_DATA/flowers-small, five classes of 40 photographs, and FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx;
writes to a temporary folder; needs Pillow: pip install "fastcnn[images]". What to see: the second time the features
come from the file; accuracy near 0.8 over five folds, where chance is 0.2; and what transfer.advise measures here.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from fastcnn import transfer
from fastcnn.applications.squeezenet import SqueezeNet, preprocess_input
from fastcnn.layers import Dense, Dropout, Input
from fastcnn.models import Sequential
from fastcnn.optimizers import Adam
from fastcnn.preprocessing import Standardization
from fastcnn.utils import image_dataset_from_directory, set_random_seed

DATA = Path(os.environ.get("FASTCNN_DATA", "data"))
CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
SIZE, EPOCHS, FOLDS = 192, 40, 5

base = SqueezeNet(
    include_top=False, weights=DATA / "onnx" / "squeezenet11_torchvision_fp32.onnx", input_shape=(SIZE, SIZE, 3)
)
data = image_dataset_from_directory(
    DATA / "flowers-small",
    class_names=CLASSES,
    image_size=(SIZE, SIZE),
    crop_to_aspect_ratio=True,
    shuffle=False,
    preprocess=preprocess_input,
    verbose=False,
)
with tempfile.TemporaryDirectory() as folder:
    for _ in range(2):
        start = time.perf_counter()
        features, labels = transfer.extract_features(
            base, data, cache=f"{folder}/flowers.npy", pooling="avg", verbose=1
        )
        print(f"{features.shape} in {time.perf_counter() - start:.2f} s")
    features = np.array(features)

# Every class has the same share of each fold.
fold = np.empty(len(labels), int)
for number in range(len(CLASSES)):
    rows = np.flatnonzero(labels == number)
    fold[np.random.default_rng(number).permutation(rows)] = np.arange(len(rows)) % FOLDS
accuracies = []
for held in range(FOLDS):
    set_random_seed(held)
    scaling = Standardization()
    scaling.adapt(features[fold != held])  # never with what is held out
    head = Sequential([Input(features.shape[1:]), scaling, Dropout(0.5), Dense(len(CLASSES), activation="softmax")])
    head.compile(Adam(0.003), "sparse_categorical_crossentropy", metrics=["acc"])
    head.fit(features[fold != held], labels[fold != held], epochs=EPOCHS, batch_size=16, verbose=0)
    accuracies.append(head.evaluate(features[fold == held], labels[fold == held], verbose=0)[1])
print("folds:", *(f"{a:.3f}" for a in accuracies), f" mean accuracy {np.mean(accuracies):.3f}")
print(transfer.advise(base, *(np.concatenate(parts) for parts in zip(*data, strict=True))))
