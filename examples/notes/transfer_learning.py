"""Transfer learning: what a network knows from ImageNet, a new classifier on top, few pictures, little time.

The notes, chapter "Transfer learning". Reads FASTCNN_DATA/flowers-small, five classes of 40 photographs, and
FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx; needs Pillow: pip install "fastcnn[images]". What to see: three of
four photographs that it has not seen are right, where chance is one of five; and the base has not changed by one bit.
"""

import os
from pathlib import Path

import numpy as np

from fastcnn.applications.squeezenet import SqueezeNet, preprocess_input
from fastcnn.layers import BatchNormalization, Dense, Dropout, GlobalAveragePooling2D, Input
from fastcnn.models import Model
from fastcnn.optimizers import Adam
from fastcnn.preprocessing.image import ImageDataGenerator
from fastcnn.utils import set_random_seed

DATA = Path(os.environ.get("FASTCNN_DATA", "data"))
CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
SIZE, EPOCHS = 160, 5

set_random_seed(0)
# First the picture is changed, then it is brought to the range that the network wants.
settings = {"classes": CLASSES, "target_size": (SIZE, SIZE), "interpolation": "bilinear", "class_mode": "sparse"}
lively = ImageDataGenerator(horizontal_flip=True, preprocessing_function=preprocess_input, validation_split=0.25)
plain = ImageDataGenerator(preprocessing_function=preprocess_input, validation_split=0.25)
train = lively.flow_from_directory(DATA / "flowers-small", subset="training", batch_size=16, seed=0, **settings)
valid = plain.flow_from_directory(DATA / "flowers-small", subset="validation", shuffle=False, **settings)

input_tensor = Input((SIZE, SIZE, 3))
base = SqueezeNet(
    input_tensor=input_tensor, include_top=False, weights=DATA / "onnx" / "squeezenet11_torchvision_fp32.onnx"
)
base.trainable = False
x = GlobalAveragePooling2D()(base.output)
x = BatchNormalization(momentum=0.9)(x)
x = Dropout(rate=0.3)(x)
output = Dense(len(CLASSES), activation="softmax")(x)
model = Model(inputs=input_tensor, outputs=output)
trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
print(f"{model.count_params():,} weights, of which {trained:,} are trained")

before = base.get_weights()
model.compile(optimizer=Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["acc"])
history = model.fit(train, validation_data=valid, epochs=EPOCHS, verbose=2)
same = all(np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True))
print(f"validation accuracy {history.history['val_acc'][-1]:.2f}; the base has not changed: {same}")
