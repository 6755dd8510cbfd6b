"""Which tensors of a TFLite graph have their channels last, as the file does not say."""

from stored_model import StoredModel

_RANK = 4
# Operators that know pixels: what they read first and what they write are images.
_IMAGES = {
    "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR",
}  # fmt: skip
# Operators after which the order of axes is another one, or not known.
_OTHERS = {"BATCH_MATMUL", "FULLY_CONNECTED", "GATHER", "PACK", "RESHAPE", "SQUEEZE", "TRANSPOSE"}


def turned(model: StoredModel) -> set[int]:
    """The numbers of the tensors [N, H, W, C] that the program has as [N, C, H, W]: images, and what is made of them.

    What is neither an image's operator's nor made of images by one that keeps the order of axes is taken as it is.
    """

    def is_image(number: int) -> bool:
        return number >= 0 and len(model.tensors[number].shape) == _RANK and model.tensors[number].values is None

    found = {number for number in model.inputs if is_image(number)}
    for operator in model.operators:
        if operator.type in _IMAGES:
            found |= {number for number in (operator.inputs[0], *operator.outputs) if is_image(number)}
    for operator in model.operators:
        if operator.type not in _OTHERS and not found.isdisjoint(operator.inputs):
            found |= {number for number in operator.outputs if is_image(number)}
    return found
