"""What goes into a model: preprocessing, images, and the golden inputs that every runtime gets."""

from edgekit.inputs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Preprocessing"]
