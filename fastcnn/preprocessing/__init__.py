"""Pictures before they meet a network: generators that change them at random, layers that bring them into a range."""

from fastcnn.preprocessing import image

__all__ = ["image"]
