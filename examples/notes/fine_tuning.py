"""Fine-tuning: first the new classifier alone, then the base with it, slowly; the notes' two fits in one call.

The notes, chapter "Fine-tuning". Reads FASTCNN_DATA/flowers-small, five classes of 40 photographs, and
FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx; needs Pillow: pip install "fastcnn[images]". What to see: the head
learns at 1e-3 while the base is frozen; then the last third of the base learns, too, at 1e-4 and 1e-5. What is best
counts on from phase to phase.
"""

import os
from pathlib import Path

from fastcnn import transfer
from fastcnn.applications.squeezenet import SqueezeNet, preprocess_input
from fastcnn.utils import image_dataset_from_directory, set_random_seed

DATA = Path(os.environ.get("FASTCNN_DATA", "data"))
CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
SIZE, HEAD_EPOCHS, EPOCHS = 128, 4, 4

set_random_seed(0)
settings = {
    "class_names": CLASSES,
    "image_size": (SIZE, SIZE),
    "batch_size": 16,
    "seed": 1,
    "validation_split": 0.25,
    "preprocess": preprocess_input,
    "verbose": False,
}
train = image_dataset_from_directory(DATA / "flowers-small", subset="training", **settings)
valid = image_dataset_from_directory(DATA / "flowers-small", subset="validation", **settings)

base = SqueezeNet(
    include_top=False, weights=DATA / "onnx" / "squeezenet11_torchvision_fp32.onnx", input_shape=(SIZE, SIZE, 3)
)
model = transfer.build(base, classes=len(CLASSES), dropout=0.3)
print("before:", transfer.Snapshot(model).outcome())
history = transfer.fine_tune(
    model,
    train,
    validation_data=valid,
    head_epochs=HEAD_EPOCHS,
    epochs=EPOCHS,
    head_lr=5e-3,
    lr=(1e-4, 1e-5),
    unfreeze=0.3,
    verbose=0,
)
rows = zip(history.phase, history.rates, history.history["val_loss"], history.history["val_accuracy"], strict=True)
for epoch, (phase, rate, loss, accuracy) in enumerate(rows, 1):
    print(f"epoch {epoch}: {phase} at {rate:.0e}, validation loss {loss:.3f}, accuracy {accuracy:.2f}")
print(history)
print(f"loss with the weights that were kept: {model.evaluate(valid, verbose=0)[0]:.3f}")
