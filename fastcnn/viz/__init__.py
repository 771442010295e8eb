"""Pictures of what networks learn and see, drawn by matplotlib: pip install "fastcnn[viz]".

Each function returns a ``matplotlib.figure.Figure`` and writes it where a ``path`` is given. Nothing goes through
pyplot: no window opens, no figure stays open, and threads may draw at once.
"""

from fastcnn.viz.confusion import confusion_matrix
from fastcnn.viz.curves import plot_history
from fastcnn.viz.embedding import show_embedding
from fastcnn.viz.feature_maps import feature_maps
from fastcnn.viz.filters import show_filters
from fastcnn.viz.galleries import augmentation_preview, misclassified, show_images
from fastcnn.viz.gradcam import grad_cam, show_grad_cam
from fastcnn.viz.roofline import roofline

__all__ = [
    "augmentation_preview",
    "confusion_matrix",
    "feature_maps",
    "grad_cam",
    "misclassified",
    "plot_history",
    "roofline",
    "show_embedding",
    "show_filters",
    "show_grad_cam",
    "show_images",
]
