"""In which order MNN keeps the values of each tensor: channels in blocks of four where its kernels want them so."""

from mnn_file import MnnFile

# Tensor.fbs: MNN_DATA_FORMAT.
CODES = {"NCHW": 0, "NHWC": 1, "NC4HW4": 2}
NAMES = {number: name for name, number in CODES.items()}
# Operators whose kernels take and leave channels in blocks of four; the others leave what their first input is.
BLOCKED = (
    *("Convolution", "ConvolutionDepthwise", "Convolution3D", "Deconvolution", "DeconvolutionDepthwise", "ConvInt8"),
    *("Pooling", "Pooling3D", "Scale", "BatchNorm", "InstanceNorm", "Moments", "LRN", "PReLU"),
    *("Interp", "Interp3D", "Resize", "Crop", "GridSample", "ROIAlign", "ROIPooling"),
)


def layouts_of(network: MnnFile) -> dict[str, str]:
    """The layout of every tensor, as the file's conversions between layouts say it."""
    found: dict[str, str] = {}
    for operator in network.operators:
        if operator.type == "Input":
            layout = NAMES.get(operator.parameters.get("dformat", CODES["NC4HW4"]), "NCHW")
        elif operator.type == "ConvertTensor":
            layout = NAMES.get(operator.parameters.get("dest", 0), "NCHW")
        elif operator.type in BLOCKED:
            layout = "NC4HW4"
        else:
            known = [found[name] for name in operator.inputs if name in found]
            layout = "NC4HW4" if "NC4HW4" in known else "NCHW"
        found.update(dict.fromkeys(operator.outputs, layout))
    return found
