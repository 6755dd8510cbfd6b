"""The layout of a `.mnn` file: MNN's FlatBuffers schema (schema/default/*.fbs of MNN 3.6.1), as data.

Of the parameters of operators those that networks of images have. What is left out (control flow, plugins, attention of
language models, recurrent layers, detection) has no layout here, and a file with it is refused.
"""

from edgeworker.flat_tables import Schema

FLOATS, BYTES, INTEGERS, WORDS, LONGS = ["<f4"], ["<i1"], ["<i4"], ["<u4"], ["<i8"]
HALVES, OCTETS = ["<u2"], ["<u1"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The tables that an operator's parameters may be, in the order of their numbers from 1.
PARAMETERS = _names("""
    QuantizedAdd ArgMax AsString Axis BatchNorm BinaryOp Blob CastParam Convolution2D Crop CropAndResize
    Dequantize DetectionOutput Eltwise ExpandDims Fill Flatten Gather GatherV2 InnerProduct Input Interp LRN LSTM
    MatMul NonMaxSuppressionV2 Normalize PackParam Permute Plugin Pool PRelu PriorBox Proposal QuantizedAvgPool
    QuantizedBiasAdd QuantizedConcat QuantizedLogistic QuantizedMatMul QuantizedMaxPool QuantizedRelu
    QuantizedRelu6 QuantizedReshape QuantizedSoftmax QuantizeMaxMin QuantizeV2 Range Rank ReduceJoin
    ReductionParam Relu Relu6 RequantizationRange Requantize Reshape Resize RoiParameters Scale Selu Size Slice
    SliceTf SpaceBatch SqueezeParam StridedSliceParam TensorConvertInfo TfQuantizedConv2D TopKV2 Transpose UnaryOp
    MomentsParam RNNParam BatchMatMulParam QuantizedFloatParam DepthSpaceParam EltwiseInt8 ReverseSequenceParam
    Extra Pool3D Convolution3D ELU DetectionPostProcessParam OneHotParam PadParam WhileParam IfParam RandomUniform
    LayerNorm TensorArray LSTMBlockCell GridSample LoopParam ImageProcessParam CumSum GroupNorm FmhaV2Param
    FmhcaParam AttentionParam StftParam LinearAttentionParam ShapeParam RoPEParam FusedLinearParam
""")

SCHEMA: Schema = {
    "Net": [
        ("bizCode", "text"),
        ("extraTensorDescribe", ["TensorDescribe"]),
        ("extraInfo", "ExtraInfo"),
        ("oplists", ["Op"]),
        ("outputName", ["text"]),
        ("preferForwardType", "b"),
        ("sourceType", "b"),
        ("tensorName", ["text"]),
        ("tensorNumber", "i"),
        ("usage", "b"),
        ("subgraphs", ["SubGraphProto"]),
        ("mnn_uuid", "text"),
    ],
    "Op": [
        ("inputIndexes", ["i"]),
        ("main_type", "B"),
        ("main", PARAMETERS),
        ("name", "text"),
        ("outputIndexes", ["i"]),
        ("type", "i"),
        ("defaultDimentionFormat", "b"),
        ("externalPath", "text"),
    ],
    "SubGraphProto": [("name", "text")],
    "ExtraInfo": [("buffer", BYTES), ("name", "text"), ("version", "text")],
    "TensorDescribe": [
        ("blob", "Blob"),
        ("index", "i"),
        ("name", "text"),
        ("regions", ["Region"]),
        ("quantInfo", "TensorQuantInfo"),
    ],
    "View": [("offset", "i"), ("stride", ["i"])],
    "Region": [("src", "View"), ("dst", "View"), ("size", ["i"]), ("origin", "i")],
    "TensorQuantInfo": [("scale", "f"), ("zero", "f"), ("min", "f"), ("max", "f"), ("type", "i")],
    "Blob": [
        ("dims", ["i"]),
        ("dataFormat", "b"),
        ("dataType", "i"),
        ("uint8s", OCTETS),
        ("int8s", BYTES),
        ("int32s", INTEGERS),
        ("int64s", LONGS),
        ("float32s", FLOATS),
        ("strings", ["text"]),
        ("external", LONGS),
    ],
    "ArgMax": [("outMaxVal", "i"), ("topK", "i"), ("axis", "i"), ("softmaxThreshold", "i")],
    "Axis": [("axis", "i")],
    "BatchNorm": [
        ("channels", "i"),
        ("slopeData", FLOATS),
        ("meanData", FLOATS),
        ("varData", FLOATS),
        ("biasData", FLOATS),
        ("Adata", FLOATS),
        ("Bdata", FLOATS),
        ("epsilon", "f"),
    ],
    "BinaryOp": [("opType", "i"), ("T", "i"), ("activationType", "i")],
    "CastParam": [("srcT", "i"), ("dstT", "i")],
    "Convolution2DCommon": [
        ("padX", "i"),
        ("padY", "i"),
        ("kernelX", "i"),
        ("kernelY", "i"),
        ("strideX", "i"),
        ("strideY", "i"),
        ("dilateX", "i"),
        ("dilateY", "i"),
        ("padMode", "b"),
        ("group", "i"),
        ("outputCount", "i"),
        ("inputCount", "i"),
        ("relu", "?"),
        ("relu6", "?"),
        ("pads", ["i"]),
        ("outPads", ["i"]),
        ("hasOutputShape", "?"),
    ],
    "Convolution2D": [
        ("common", "Convolution2DCommon"),
        ("weight", FLOATS),
        ("bias", FLOATS),
        ("quanParameter", "IDSTQuan"),
        ("symmetricQuan", "QuantizedFloatParam"),
        ("sparseParameter", "SparseCommon"),
        ("external", LONGS),
    ],
    "IDSTQuan": [
        ("buffer", BYTES),
        ("alpha", FLOATS),
        ("type", "i"),
        ("useInt32", "?"),
        ("quantScale", "f"),
        ("scaleIn", "f"),
        ("scaleOut", "f"),
        ("aMaxOrBits", "i"),
        ("aMin", "i"),
        ("readType", "i"),
        ("has_scaleInt", "?"),
        ("shapeInt32", "?"),
        ("weightSize", "I"),
        ("index", WORDS),
        ("alphaFp16", HALVES),
        ("scaleStorage", "b"),
    ],
    "Convolution3DCommon": [
        ("dilates", ["i"]),
        ("strides", ["i"]),
        ("kernels", ["i"]),
        ("pads", ["i"]),
        ("padMode", "b"),
        ("inputCount", "i"),
        ("outputCount", "i"),
        ("relu", "?"),
        ("relu6", "?"),
        ("group", "i"),
        ("outPads", ["i"]),
        ("hasOutputShape", "?"),
    ],
    "Convolution3D": [("common", "Convolution3DCommon"), ("weight", FLOATS), ("bias", FLOATS), ("external", LONGS)],
    "SparseCommon": [("method", "b"), ("args", ["Attribute"])],
    "Attribute": [
        ("s", "text"),
        ("i", "i"),
        ("b", "?"),
        ("key", "text"),
        ("type", "i"),
        ("f", "f"),
        ("tensor", "Blob"),
    ],
    "Crop": [("axis", "i"), ("offset", ["i"])],
    "CropAndResize": [("extrapolationValue", "f"), ("method", "b")],
    "CumSum": [("exclusive", "?"), ("reverse", "?")],
    "DepthSpaceParam": [("blockSize", "i"), ("mode", "b")],
    "ELU": [("alpha", "f")],
    "Eltwise": [("type", "b"), ("coeff", FLOATS)],
    "ExpandDims": [("T", "i"), ("Tdim", "i"), ("axis", "i")],
    "Fill": [],
    "Flatten": [("axis", "i"), ("endAxis", "i")],
    "Gather": [("Tindices", "i"), ("Tparams", "i"), ("validateIndices", "?"), ("axis", "i")],
    "GatherV2": [("Taxis", "i"), ("Tindices", "i"), ("Tparams", "i")],
    "GridSample": [("mode", "b"), ("paddingMode", "b"), ("alignCorners", "?"), ("backward", "?")],
    "GroupNorm": [
        ("axis", "i"),
        ("epsilon", "f"),
        ("gamma", FLOATS),
        ("beta", FLOATS),
        ("group", "i"),
        ("bSwish", "i"),
        ("external", LONGS),
    ],
    "InnerProduct": [
        ("outputCount", "i"),
        ("biasTerm", "i"),
        ("weightSize", "i"),
        ("weight", FLOATS),
        ("bias", FLOATS),
        ("axis", "i"),
        ("transpose", "?"),
        ("quanParameter", "IDSTQuan"),
    ],
    "Input": [("dims", ["i"]), ("dtype", "i"), ("dformat", "b")],
    "Interp": [
        ("widthScale", "f"),
        ("heightScale", "f"),
        ("outputWidth", "i"),
        ("outputHeight", "i"),
        ("resizeType", "i"),
        ("alignCorners", "?"),
        ("halfPixelCenters", "?"),
        ("widthOffset", "f"),
        ("heightOffset", "f"),
        ("cubicCoeffA", "f"),
        ("ctm", "b"),
        ("depthScale", "f"),
        ("outputDepth", "i"),
        ("depthOffset", "f"),
    ],
    "LRN": [("regionType", "i"), ("localSize", "i"), ("alpha", "f"), ("beta", "f"), ("bias", "f")],
    "LayerNorm": [
        ("axis", ["i"]),
        ("epsilon", "f"),
        ("gamma", FLOATS),
        ("beta", FLOATS),
        ("group", "i"),
        ("external", LONGS),
        ("useRMSNorm", "?"),
    ],
    "MatMul": [("T", "i"), ("transposeA", "?"), ("transposeB", "?"), ("weight", FLOATS), ("bias", FLOATS)],
    "BatchMatMulParam": [("adjX", "?"), ("adjY", "?")],
    "MomentsParam": [("dim", ["i"]), ("keepDims", "?"), ("dType", "i")],
    "Normalize": [("acrossSpatial", "i"), ("channelShared", "i"), ("eps", "f"), ("scale", FLOATS)],
    "OneHotParam": [("dType", "i"), ("axis", "i")],
    "PRelu": [("slopeCount", "i"), ("slope", FLOATS)],
    "PackParam": [("dataType", "i"), ("axis", "i")],
    "PadParam": [("mode", "b")],
    "Permute": [("dims", ["i"])],
    "Pool": [
        ("padX", "i"),
        ("padY", "i"),
        ("isGlobal", "?"),
        ("kernelX", "i"),
        ("kernelY", "i"),
        ("strideX", "i"),
        ("strideY", "i"),
        ("type", "b"),
        ("padType", "b"),
        ("dataType", "i"),
        ("ceilModel", "?"),
        ("pads", ["i"]),
        ("countType", "b"),
    ],
    "Pool3D": [
        ("strides", ["i"]),
        ("kernels", ["i"]),
        ("pads", ["i"]),
        ("type", "b"),
        ("padType", "b"),
        ("isGlobal", "?"),
    ],
    "Range": [("Tidx", "i")],
    "Rank": [],
    "ReductionParam": [("operation", "b"), ("dim", ["i"]), ("coeff", "f"), ("keepDims", "?"), ("dType", "i")],
    "Relu": [("slope", "f")],
    "Relu6": [("minValue", "f"), ("maxValue", "f")],
    "Reshape": [("dims", ["i"]), ("dimType", "b")],
    "Resize": [("xScale", "f"), ("yScale", "f")],
    "Scale": [("channels", "i"), ("scaleData", FLOATS), ("biasData", FLOATS), ("external", LONGS)],
    "Selu": [("scale", "f"), ("alpha", "f")],
    "ShapeParam": [("hasStart", "?"), ("start", "i"), ("hasEnd", "?"), ("end", "i")],
    "Size": [("outputDataType", "i")],
    "Slice": [("axis", "i"), ("slicePoints", ["i"]), ("sourceType", "b")],
    "SliceTf": [("T", "i")],
    "SpaceBatch": [("blockShape", "Blob"), ("padding", "Blob")],
    "SqueezeParam": [("squeezeDims", ["i"])],
    "StridedSliceParam": [
        ("Index", "i"),
        ("T", "i"),
        ("beginMask", "i"),
        ("endMask", "i"),
        ("ellipsisMask", "i"),
        ("newAxisMask", "i"),
        ("shrinkAxisMask", "i"),
        ("fromType", "i"),
    ],
    "TensorConvertInfo": [("source", "b"), ("dest", "b")],
    "TopKV2": [("T", "i"), ("sorted", "?"), ("largest", "?")],
    "Transpose": [("Tperm", "i")],
    "UnaryOp": [("opType", "i"), ("T", "i"), ("tableInt8", BYTES)],
    # Of integers alone: a file with it is refused by whoever looks for weights.
    "QuantizedFloatParam": [("weight", BYTES), ("bias", INTEGERS), ("scale", FLOATS)],
}

# The names of operators by their numbers in OpType: those from 0 in order, then single ones.
_FIRST = _names("""
    AbsVal QuantizedAdd ArgMax AsString InstanceNorm BatchToSpaceND Copy BinaryOp Bnll Cast Concat Const
    Convolution ConvolutionDepthwise Crop CropAndResize ImageProcess Deconvolution DeconvolutionDepthwise
    Dequantize DetectionOutput Dropout Eltwise ELU Unique Exp ExpandDims Fill Flatten Im2Col Gather GatherV2
    Im2Seq InnerProduct Input Interp Log LRN LSTM MatMul MoE NonMaxSuppression NonMaxSuppressionV2 Normalize Pack
    Padding Permute Pooling Power PReLU PriorBox Proposal QuantizedAvgPool QuantizedBiasAdd QuantizedConcat
    QuantizedDepthwiseConv2D QuantizedLogistic RasterAndInterpolate QuantizedMaxPool Texture RasterDiff
    QuantizedReshape QuantizedSoftmax QuantizeMaxMin QuantizeV2 Range Rank ReduceJoin Reduction ReLU ReLU6
    RequantizationRange Requantize Reshape Resize RNN ROIPooling Scale Selu Seq2Out Shape Sigmoid Size Slice
    SliceTf Softmax SpaceToBatchND SpatialProduct Col2Im Segment Squeeze StridedSlice CastLike StringSplit
    StringToNumber TanH TfQuantizedConv2D Threshold Tile TopKV2 Transpose UnaryOp Unpack Where Moments
    RNNSequenceGRU BatchMatMul Unsqueeze CosineSimilarity DepthToSpace SpaceToDepth ReverseSequence Pooling3D
    Convolution3D MatrixBandPart GatherND DetectionPostProcess UnravelIndex ScatterNd OneHot BroadcastTo
    Dilation2D Interp3D
""")
OPERATORS: dict[int, str] = {
    **dict(enumerate(_FIRST)),
    **dict(enumerate(["Raster", "ConvertTensor", "ArgMin", "LinSpace", "RandomUniform"], 128)),
    **dict(enumerate(["Reverse", "ROIAlign", "RandomNormal"], 142)),
    **dict(enumerate(["EyeLike", "CumSum"], 147)),
    **dict(enumerate(["CumProd", "ScatterElements", "GatherElements"], 150)),
    **dict(enumerate(["Select", "ZerosLike", "Broastcast", "SetDiff1D"], 257)),
    262: "Identity",
    267: "BatchNorm",
    268: "ConvTranspose3D",
    299: "Attention",
    304: "GroupNorm",
    512: "Extra",
    513: "ConvInt8",
    **dict(enumerate(["While", "If"], 600)),
    **dict(enumerate(["LayerNorm", "GridSample"], 603)),
}
UNARY = _names("""
    abs neg floor ceil square sqrt rsqrt exp log sin cos tan asin acos atan reciprocal log1p bnll acosh sinh asinh
    atanh sign round cosh erf erfc erfinv expm1 sigmoid tanh hardswish gelu gelu_standard silu
""")
