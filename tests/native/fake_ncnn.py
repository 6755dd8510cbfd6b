"""A source distribution that is written as ncnn's is, with a few layers."""

import io
import tarfile
from pathlib import Path

FILES = {
    "CMakeLists.txt": """\
set(ncnn_SRCS net.cpp)
ncnn_add_layer(Convolution)
ncnn_add_layer(ReLU)
ncnn_add_layer(HardSwish)
ncnn_add_layer(Padding)
ncnn_add_layer(Packing)
ncnn_add_layer(Quantize)
ncnn_add_layer(Gemm)
ncnn_add_layer(MultiHeadAttention)
ncnn_add_layer(SPP OFF)
""",
    "net.cpp": """\
int Net::forward()
{
    if (layer->typeindex == LayerType::SPP) return 0;
    convert_packing(a, b, 4, opt);
}
""",
    "mat.cpp": """\
void copy_make_border(const Mat& src, Mat& dst, int top, const Option& opt)
{
    Layer* padding = create_layer(LayerType::Padding);
}

void convert_packing(const Mat& src, Mat& dst, int _elempack, const Option& opt)
{
    Layer* packing = create_layer(LayerType::Packing);
}

#if NCNN_INT8
void quantize_to_int8(const Mat& src, Mat& dst, const Option& opt)
{
    Layer* quantize = create_layer(LayerType::Quantize);
}
#endif // NCNN_INT8
""",
    "layer/fused_activation.h": """\
    if (activation_type == 1)
    {
        activation = ncnn::create_layer_cpu(ncnn::LayerType::ReLU);
    }
    else if (activation_type == 6)
    {
        activation = ncnn::create_layer_cpu(ncnn::LayerType::HardSwish);
    }
""",
    "layer/convolution.cpp": """\
#include "fused_activation.h"
    activation_type = pd.get(9, 0);
""",
    "layer/relu.cpp": "",
    "layer/hardswish.cpp": "",
    "layer/padding.cpp": "",
    "layer/packing.cpp": "",
    "layer/quantize.cpp": "",
    "layer/gemm.cpp": "",
    "layer/multiheadattention.cpp": "",
    "layer/arm/convolution_arm.cpp": '#include "convolution_packed.h"\n',
    "layer/arm/convolution_packed.h": """\
#if NCNN_INT8
    quantize_to_int8(a, b, opt);
#else
    copy_make_border(a, b, 1, opt);
#endif
""",
    "layer/arm/multiheadattention_arm.cpp": "    gemm = ncnn::create_layer_cpu(ncnn::LayerType::Gemm);\n",
}


def write_source(folder: Path) -> Path:
    """The files below `folder`."""
    for name, text in FILES.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def packed(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A `.tar.gz` of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()
