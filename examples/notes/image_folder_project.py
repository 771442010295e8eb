"""A project from a folder of pictures to a tested network: table, splits, one's own Sequence, callbacks, predictions.

The notes' project. Reads FASTCNN_DATA/sign-language-digits, a folder of JPEGs for each digit; writes to a temporary
folder; needs Pillow, pandas, scikit-learn and h5py. What to see: from chance (0.1) to above 0.9 on pictures that
neither training nor the choice of the epoch has seen, and which digits are taken for which.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from fastcnn import augment as A
from fastcnn.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from fastcnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from fastcnn.losses import CategoricalCrossentropy
from fastcnn.models import Model
from fastcnn.optimizers import Adam
from fastcnn.preprocessing import preprocess_input
from fastcnn.preprocessing.image import ImageDataGenerator, img_to_array, load_img
from fastcnn.utils import Sequence, set_random_seed

FOLDER = Path(os.environ.get("FASTCNN_DATA", "data")) / "sign-language-digits"
SIZE, BATCH, EPOCHS = 32, 32, 15

set_random_seed(0)
found = ImageDataGenerator().flow_from_directory(FOLDER, target_size=(SIZE, SIZE), class_mode="categorical")
names = {number: name for name, number in found.class_indices.items()}
digits = pd.DataFrame({"path": found.filepaths, "target": found.classes})
digits["name"] = digits.target.map(names)
print(digits.name.value_counts().sort_index().to_dict())

rest, test = train_test_split(digits, test_size=0.2, stratify=digits.target, random_state=0)
train, valid = train_test_split(rest, test_size=0.2, stratify=rest.target, random_state=0)


class DigitDataset(Sequence):
    """Batches of pictures: read when they are wanted for the first time, changed at random, then scaled."""

    def __init__(self, table, aug=None, shuffle=False):
        super().__init__()
        self.pictures = [img_to_array(load_img(p, target_size=(SIZE, SIZE), interpolation="box")) for p in table.path]
        self.targets = pd.get_dummies(table.target).values
        self.aug, self.shuffle, self.numbers = aug, shuffle, np.random.default_rng(0)
        self.order = np.arange(len(self.pictures))
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.order) / BATCH))

    def __getitem__(self, index):
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        batch = np.zeros((len(rows), SIZE, SIZE, 3))
        for i, row in enumerate(rows):
            picture = self.pictures[row].astype("uint8")
            if self.aug is not None:
                picture = self.aug(image=picture)["image"]
            batch[i] = preprocess_input(picture, mode="tf")  # after augmentation, never before
        return batch, self.targets[rows]

    def on_epoch_end(self):
        if self.shuffle:
            self.numbers.shuffle(self.order)


aug = A.Compose([A.ShiftScaleRotate(rotate_limit=15, p=0.5), A.RandomBrightnessContrast(0.2, 0, p=0.5)], seed=0)
train_data, valid_data, test_data = DigitDataset(train, aug, shuffle=True), DigitDataset(valid), DigitDataset(test)

x = input_tensor = Input((SIZE, SIZE, 3))
for filters in (16, 32, 64):
    x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = BatchNormalization()(x)
    x = Activation("relu")(x)
    x = MaxPooling2D()(x)
x = Dropout(rate=0.4)(Flatten()(x))
model = Model(inputs=input_tensor, outputs=Dense(10, activation="softmax")(x))
model.compile(optimizer=Adam(0.003), loss=CategoricalCrossentropy(), metrics=["acc"])
with tempfile.TemporaryDirectory() as folder:
    best = f"{folder}/best.weights.h5"
    callbacks = [
        ModelCheckpoint(best, monitor="val_loss", save_best_only=True, save_weights_only=True),
        ReduceLROnPlateau(monitor="val_loss", patience=2, factor=0.3),
        EarlyStopping(monitor="val_loss", patience=4),
    ]
    history = model.fit(train_data, validation_data=valid_data, epochs=EPOCHS, callbacks=callbacks, verbose=2)
    model.load_weights(best)

print(f"test accuracy: {model.evaluate(test_data, verbose=0)[1]:.4f}")
truth = test.target.to_numpy()
predicted = model.predict(test_data, verbose=0).argmax(axis=1)
print(pd.crosstab(pd.Series(truth, name="digit"), pd.Series(predicted, name="taken for")))
