"""How much memory a stage takes, estimated before it runs."""

# Peaks of whole process families, measured: HRNet_W64_C (512 MB of weights) takes between 0.6 GB (OpenVINO's
# conversion) and 3.3 GB (ONNX's), ResNet18 (47 MB) between 0.1 and 0.6 GB. One generous line covers all of them, so
# a new target needs no figure of its own: 3.3 GB = 0.6 GB + 5.2 times the weights.
BASE_BYTES = 800 << 20
PER_WEIGHT_BYTE = 6.5
# Of a network that the catalog does not know: as its largest.
LARGEST_WEIGHTS = 516 << 20


def estimated_memory(weights: int) -> int:
    """The peak resident memory of any worker on a network with `weights` bytes of parameters, in bytes."""
    return BASE_BYTES + int(PER_WEIGHT_BYTE * weights)


def weight_bytes(parameters: int | None) -> int:
    """The size of `parameters` in FP32, in bytes; of the catalog's largest network where their number is unknown."""
    return LARGEST_WEIGHTS if parameters is None else 4 * parameters
