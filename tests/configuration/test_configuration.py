"""What training toolkits write beside a model becomes fields of a preprocessing; what cannot be followed is named."""

from pathlib import Path

import msgspec
import pytest

from edgekit.configuration import read_configuration
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import STEP_BY_STEP, Preprocessing

NORMALISE = "{NormalizeImage: {scale: 0.00392157, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: ''}}"

# PaddleClas's deploy/configs/inference_cls.yaml, with other numbers.
DEPLOYMENT = """
Global:
  infer_imgs: "./images"
  inference_model_dir: "./models"
  use_gpu: True
PreProcess:
  transform_ops:
    - ResizeImage:
        resize_short: 292
    - CropImage:
        size: 256
    - NormalizeImage:
        scale: 1./255.
        mean: [0.5, 0.4, 0.3]
        std: [0.2, 0.3, 0.4]
        order: ""
        channel_num: 3
    - ToCHWImage:
PostProcess:
  main_indicator: Topk
  Topk:
    topk: 5
    class_id_map_file: "../ppcls/utils/my_label_list.txt"
  SavePreLabel:
    save_dir: ./pre_label/
"""

# What PaddleX 3 and PaddleClas's export write as inference.yml.
PADDLEX3 = """
Global: {model_name: PP-LCNet_x1_0}
Hpi: {backend_configs: {paddle_infer: {trt_dynamic_shapes: {x: [[1, 3, 224, 224], [8, 3, 224, 224]]}}}}
PreProcess:
  transform_ops:
  - ResizeImage: {resize_short: 256}
  - CropImage: {size: 224}
  - NormalizeImage:
      {channel_num: 3, mean: [0.485, 0.456, 0.406], order: '', scale: 0.00392156862745098, std: [0.229, 0.224, 0.225]}
  - ToCHWImage: null
PostProcess:
  Topk: {topk: 5, label_list: [cat, dog, 42]}
"""

TRAINING = """
Global: {class_num: 2, image_shape: [3, 256, 192]}
Arch: {name: PPLCNet_x1_0, class_num: 2}
DataLoader:
  Train: {dataset: {name: ImageNetDataset, transform_ops: [{RandCropImage: {size: 224}}]}}
  Eval:
    dataset:
      name: ImageNetDataset
      transform_ops:
        - DecodeImage: {to_rgb: True, channel_first: False}
        - ResizeImage: {size: [192, 256]}
        - NormalizeImage: {scale: 1.0/255.0, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: ''}
Infer:
  infer_imgs: docs/images
  transforms:
    - DecodeImage: {to_rgb: True, channel_first: False}
    - ResizeImage: {size: [192, 256], interpolation: bicubic, backend: pil}
    - NormalizeImage: {scale: 1.0/255.0, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: ''}
    - ToCHWImage:
  PostProcess: {name: ThreshOutput, threshold: 0.9, label_0: nobody, label_1: someone}
"""

PADDLEX2 = """
Model: MobileNetV3_small
Transforms:
- ResizeByShort: {short_size: 72, max_size: -1, interp: LINEAR}
- CenterCrop: {crop_size: 64}
- Normalize:
    is_scale: true
    mean: &m !!python/tuple [0.5, 0.5, 0.5]
    std: *m
    min_val: [0, 0, 0]
    max_val: [255.0, 255.0, 255.0]
_Attributes: {num_classes: 2, labels: [a, b], model_type: classifier, fixed_input_shape: [64, 64]}
completed_epochs: 2021-13-45
version: 2.1.0
"""

# As PP-Human's attribute models have it.
PADDLEDETECTION = """
mode: paddle
Preprocess:
- {interp: 2, keep_ratio: false, target_size: [256, 192], type: Resize}
- {is_scale: true, mean: [0.1, 0.2, 0.3], std: [0.229, 0.224, 0.225], type: NormalizeImage}
- {type: Permute}
label_list: [a, b, c]
"""


@pytest.fixture
def read(tmp_path):
    """Reads a configuration with the given content."""

    def reads(content, name="inference.yml"):
        (tmp_path / name).write_text(content, encoding="utf-8")
        return read_configuration(tmp_path / name)

    return reads


def prepared(read, *steps):
    """The Preprocessing that PaddleClas's steps make, where they name a size."""
    found = read(f"PreProcess: {{transform_ops: [{', '.join(steps)}]}}").preprocessing
    return msgspec.convert(found, Preprocessing)


def test_paddleclas_s_deployment(read, tmp_path):
    (tmp_path / "my_label_list.txt").write_text("0 tench, Tinca tinca\n1 goldfish\n")
    found = read(DEPLOYMENT, "inference_cls.yaml")
    assert found.form == "PaddleClas's deployment configuration"
    assert found.preprocessing == {
        "crop_first": "none", "resize": "short", "resize_short": 292, "crop": (256, 256), "crop_origin": "centre_floor",
        "size_rounding": "half_even", "resize_backend": "opencv", "interpolation": "bilinear", "channel_order": "RGB",
        "min_value": 0.0, "divide_by": 255.0, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4),
        "normalisation": STEP_BY_STEP,
    }  # fmt: skip
    assert found.labels.names == ("tench, Tinca tinca", "goldfish")
    assert found.notes == ()


def test_paddlex_3(read):
    found = read(PADDLEX3)
    assert found.form == "PaddleX 3's configuration"
    assert found.preprocessing["divide_by"] == 255.0
    assert found.labels.names == ("cat", "dog", "42")
    assert not found.labels.assumed


def test_paddleclas_s_training_tells_where_its_evaluation_differs(read):
    found = read(TRAINING)
    fields = found.preprocessing
    assert (fields["resize"], fields["resize_to"], fields["crop"]) == ("stretch", (256, 192), (256, 192))
    assert (fields["resize_backend"], fields["interpolation"]) == ("pillow", "bicubic")
    assert found.labels.names == ("nobody", "someone")
    (note,) = found.notes
    assert note.endswith("prepares photos in another way for its evaluation than for inference, which is followed")
    assert read(TRAINING.replace(", interpolation: bicubic, backend: pil", "")).notes == ()


def test_without_inference_the_evaluation_is_followed(read):
    found = read(TRAINING[: TRAINING.index("Infer:")])
    assert found.preprocessing["resize_to"] == (256, 192)
    assert found.labels is None


def test_a_recogniser_s_queries_are_its_evaluation(read):
    steps = "[{ResizeImage: {size: 224}}, {NormalizeImage: {scale: 0.00392157}}]"
    found = read(f"Arch: {{name: RecModel}}\nDataLoader: {{Eval: {{Query: {{dataset: {{transform_ops: {steps}}}}}}}}}")
    assert found.preprocessing["crop"] == (224, 224)


def test_the_recogniser_behind_a_detector_is_followed(read):
    found = read(
        "DetPreProcess: {transform_ops: [{DetResize: {target_size: [640, 640]}}]}\n"
        f"RecPreProcess: {{transform_ops: [{{ResizeImage: {{size: 224}}}}, {NORMALISE}]}}\nRecPostProcess: null"
    )
    assert (found.preprocessing["resize"], found.preprocessing["crop"]) == ("stretch", (224, 224))
    assert read("DetPreProcess: {transform_ops: [{DetResize: {target_size: [640, 640]}}]}") is None


def test_paddleclas_1_s_training(read):
    steps = "[{DecodeImage: {to_rgb: True}}, {ResizeImage: {resize_short: 256}}, {CropImage: {size: 224}}]"
    found = read(f"ARCHITECTURE: {{name: VGG16}}\nTRAIN: {{}}\nVALID: {{transforms: {steps}}}")
    assert found.form == "PaddleClas 1's training configuration"


def test_paddlex_2(read):
    found = read(PADDLEX2, "model.yml")
    assert found.form == "PaddleX 2's model.yml"
    made = msgspec.convert(found.preprocessing, Preprocessing)
    assert (made.resize_short, made.input_size, made.divide_by) == (72, (64, 64), 255.0)
    assert (made.mean, made.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert found.labels.names == ("a", "b")
    assert found.notes == ()
    assert "resizes without rounding to 8 bits" in read(PADDLEX2.replace("2.1.0", "1.3.11"), "model.yml").notes[0]


def test_paddlex_2_s_other_levels(read):
    changed = PADDLEX2.replace("[0, 0, 0]", "[10, 10, 20]")
    found = read(changed, "model.yml").preprocessing
    assert (found["min_value"], found["divide_by"]) == ((10.0, 10.0, 20.0), (245.0, 245.0, 235.0))


def test_paddlex_2_s_letterbox(read):
    steps = (
        "- Resize: {target_size: [64, 96], interp: CUBIC, keep_ratio: true}\n"
        "- Padding: {target_size: [64, 96], pad_mode: 1, im_padding_value: [127, 127, 127], size_divisor: 32}\n"
    )
    begin, end = PADDLEX2.index("- ResizeByShort"), PADDLEX2.index("- Normalize")
    found = read(PADDLEX2[:begin] + steps + PADDLEX2[end:], "model.yml")
    assert {name: found.preprocessing[name] for name in ("resize", "crop", "pad_value", "pad_position")} == {
        "resize": "letterbox", "crop": (64, 96), "pad_value": (127, 127, 127), "pad_position": "centre",
    }  # fmt: skip


def test_paddlex_2_pads_between_two_levels(read):
    steps = "- Resize: {target_size: 64, keep_ratio: true}\n- Padding: {target_size: 64}\n"
    begin, end = PADDLEX2.index("- ResizeByShort"), PADDLEX2.index("- Normalize")
    found = read(PADDLEX2[:begin] + steps + PADDLEX2[end:], "model.yml").preprocessing
    assert (found["pad_value"], found["pad_position"]) == (127.5, "top_left")
    assert msgspec.convert(found, Preprocessing).pad_value == (127.5, 127.5, 127.5)


def test_paddledetection(read):
    found = read(PADDLEDETECTION, "infer_cfg.yml")
    fields = found.preprocessing
    assert (fields["resize"], fields["resize_to"], fields["interpolation"]) == ("stretch", (256, 192), "bicubic")
    assert (fields["mean"], fields["divide_by"]) == ((0.1, 0.2, 0.3), 255.0)
    assert found.labels.names == ("a", "b", "c")


def test_paddleclas_names_the_width_first(read):
    made = prepared(read, "{ResizeImage: {size: [160, 80]}}", NORMALISE)
    assert (made.resize, made.resize_to, made.input_size) == ("stretch", (80, 160), (80, 160))
    made = prepared(read, "{ResizeImage: {size: [192, 256]}}", "{CropImage: {size: [160, 224]}}", NORMALISE)
    assert (made.resize_to, made.input_size) == ((256, 192), (224, 160))


@pytest.mark.parametrize(
    ("options", "backend", "interpolation"),
    [
        ("", "opencv", "bilinear"),
        (", interpolation: bicubic", "opencv", "bicubic"),
        (", backend: pil, interpolation: bicubic, return_numpy: False", "pillow", "bicubic"),
        (", backend: PIL", "pillow", "bilinear"),
        (", interpolation: 2", "opencv", "bicubic"),
        (", backend: pil, interpolation: 2", "pillow", "bilinear"),
    ],
)
def test_how_a_photo_is_resized(read, options, backend, interpolation):
    made = prepared(read, f"{{ResizeImage: {{resize_short: 64{options}}}}}", "{CropImage: {size: 64}}", NORMALISE)
    assert (made.resize_backend, made.interpolation) == (backend, interpolation)


@pytest.mark.parametrize(
    ("decoded", "order"),
    [
        ("{to_rgb: True, channel_first: False}", "RGB"),
        ("{to_rgb: False, channel_first: False}", "BGR"),
        ("{to_np: False, channel_first: False, backend: pil}", "RGB"),
        ("{to_rgb: False, backend: pil}", "BGR"),
        ("{to_np: False, channel_first: False}", "BGR"),
        ("{img_mode: BGR, channel_first: False}", "BGR"),
        ("{img_mode: RGB}", "RGB"),
    ],
)
def test_the_order_of_channels(read, decoded, order):
    """As DecodeImage has it: Pillow's pictures are turned to BGR where they become arrays, OpenCV's are BGR."""
    made = prepared(
        read, f"{{DecodeImage: {decoded}}}", "{ResizeImage: {resize_short: 64}}", "{CropImage: {size: 64}}", NORMALISE
    )
    assert made.channel_order == order


def test_a_fourth_channel_of_zeros(read):
    made = prepared(
        read, "{ResizeImage: {size: 64}}", "{NormalizeImage: {scale: 1.0/255.0, order: '', channel_num: 4}}"
    )
    assert (made.channel_order, made.channels) == ("RGB0", 4)


def test_other_scales_stay(read):
    step = "{NormalizeImage: {scale: 1.0, mean: [128.0, 128.0, 128.0], std: [128.0, 128.0, 128.0], order: ''}}"
    made = prepared(read, "{ResizeImage: {size: 64}}", step)
    assert (made.divide_by, made.mean) == (1.0, (128.0, 128.0, 128.0))


def test_cropping_before_resizing(read):
    made = prepared(read, "{CropImage: {size: 480}}", "{ResizeImage: {size: 224}}", NORMALISE)
    assert (made.crop_first, made.resize, made.input_size) == ((480, 480), "stretch", (224, 224))


def test_paddle_vision_rounds_otherwise(read):
    """In a list of PaddleClas's, paddle.vision's steps may stand; its Normalize divides by nothing."""
    made = prepared(
        read, "{Resize: {size: 256}}", "{CenterCrop: {size: 224}}", "{ToTensor: }", "{Normalize: {mean: 0.5, std: 0.5}}"
    )
    assert (made.resize, made.resize_short, made.size_rounding) == ("short", 256, "floor")
    assert (made.crop_origin, made.divide_by, made.mean) == ("centre_round", 255.0, (0.5, 0.5, 0.5))


def test_what_is_not_normalised_is_said(read):
    found = read("PreProcess: {transform_ops: [{ResizeImage: {size: 64}}, {ToCHWImage: }]}")
    made = msgspec.convert(found.preprocessing, Preprocessing)
    assert (made.divide_by, made.mean, made.std) == (1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert found.notes[0].endswith("has no step that normalises: the levels 0 to 255 go into the model as they are")


def test_a_short_side_without_a_crop_is_said(read):
    found = read(f"PreProcess: {{transform_ops: [{{ResizeImage: {{resize_short: 224}}}}, {NORMALISE}]}}")
    assert found.size is None
    assert "cuts nothing out" in found.notes[0]


def test_a_configuration_without_steps_says_so(read):
    found = read("PreProcess: {transform_ops: []}\nPostProcess: {Topk: {label_list: [a, b]}}")
    assert found.preprocessing == {}
    assert found.labels.names == ("a", "b")
    assert "lists no step" in found.notes[0]


@pytest.mark.parametrize("content", ["a: 1", "services: {web: {image: x}}", "PreProcess: 5", "Transforms: []"])
def test_other_yaml_is_none(read, content):
    assert read(content) is None


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("{RandFlipImage: {}}", "prepares photos with RandFlipImage, which edgekit does not know"),
        ("{CropImageAtRatio: {size: 384, pad: 32}}", "prepares photos with CropImageAtRatio"),
        ("{ResizeImage: {resize_short: 256, interpolation: random}}", "interpolation random is none"),
        ("{ResizeImage: {resize_short: 256, interpolation: box}}, {CropImage: {size: 9}}", "box .* not implemented"),
        ("{ResizeImage: {resize_short: 9, backend: turbo}}", "backend is neither cv2 nor pil"),
        ("{ResizeImage: {resize_short: 9, antialias: True}}", "its option antialias"),
        ("{ResizeImage: {}}", "names neither size nor resize_short"),
        ("{ResizeImage: {size: .inf}}", "inf is no number of pixels"),
        ("{ResizeImage: {size: .nan}}", "nan is no number of pixels"),
        ("{ResizeImage: {size: true}}", "True is no number of pixels"),
        ("{ResizeImage: {size: 1.5}}", "1.5 is no number of pixels"),
        ("{ResizeImage: {size: 99999999999}}", "99999999999 is no number of pixels"),
        ("{ResizeImage: {size: [1, 2, 3]}}", "is not a size of two sides"),
        ("{ResizeImage: [224]}", "its options are no table"),
        ("{ResizeImage: {resize_short: 64}}, {CropImage: {size: 65}}", "smaller than crop"),
        ("{ResizeImage: {size: 64}}, {ResizeImage: {size: 64}}", "resizes a second time"),
        ("{NormalizeImage: {mean: [1, 2]}}, {ResizeImage: {size: 64}}", "what is normalised already"),
        ("{ResizeImage: {size: 64}}, {NormalizeImage: {mean: [1, 2]}}", "not one value for each"),
        ("{NormalizeImage: {scale: '__import__(\"os\").getpid()'}}", "is no number"),
        ("{NormalizeImage: {scale: 0}}", "scale 0 is not positive"),
        ("{NormalizeImage: {scale: 1/0}}", "1/0 is no number"),
        ("{NormalizeImage: {output_fp16: true}}", "its output_fp16 is True"),
        ("{NormalizeImage: {channel_num: 5}}", "its channel_num is 5"),
        ("{NormalizeImage: }, {NormalizeImage: }", "normalises twice"),
        ("{DecodeImage: {img_mode: GRAY}}", "its img_mode is GRAY"),
        ("{DecodeImage: {channel_first: true}}", "its channel_first is True"),
        ("5", "a step that is no table"),
        ("{ResizeImage: {size: 64}}, {ToTensor: }, {NormalizeImage: }", "divides the levels twice"),
    ],
)
def test_what_cannot_be_followed_is_an_error_that_names_it(read, steps, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        read(f"PreProcess: {{transform_ops: [{steps}]}}")
    assert "inference.yml cannot be followed: " in caught.value.message
    assert "--config none" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("PreProcess: {transform_ops: 5}", "does not list the steps"),
        ("PreProcess: {transform_ops: [], batch_ops: []}", "PreProcess has batch_ops"),
        (PADDLEX2.replace("max_size: -1", "max_size: 500"), "max_size .500. bounds"),
        (PADDLEX2.replace("classifier", "detector"), "describes a detector"),
        (PADDLEX2.replace("255.0, 255.0, 255.0", "0, 0, 0"), "max_val is not above"),
        (PADDLEX2.replace("[a, b]", "5"), "names of classes are no list"),
        (PADDLEX2.replace("- CenterCrop", "- RandomCrop"), "prepares photos with RandomCrop"),
        (PADDLEDETECTION.replace("keep_ratio: false", "keep_ratio: true"), "does not pad them"),
        (PADDLEDETECTION.replace("is_scale: true", "is_scale: true, norm_type: max"), "norm_type is max"),
    ],
)
def test_what_the_other_forms_cannot_be_followed_in(read, content, sentence):
    with pytest.raises(UsageError, match=sentence):
        read(content)


@pytest.mark.toolchain
def test_paddleclas_s_own_configurations_are_followed(session_cache):
    """Those that lie in the package that the toolchain installs: all but the one of a detector alone."""
    from edgekit.bundled import bundled_folder
    from edgekit.toolchain.environment import ensure_environment
    from edgekit.toolchain.script import requirements_of

    python = ensure_environment(
        requirements_of(bundled_folder("converters") / "paddle/export.py"), session_cache, print
    )
    (package,) = Path(python).parents[1].glob("lib/python3*/site-packages/paddleclas")
    found = {path.name: read_configuration(path) for path in package.rglob("*.yaml")}
    assert len(found) == 29
    assert [name for name, configuration in found.items() if configuration is None] == ["inference_det.yaml"]
    person = found["inference_person_attribute.yaml"]
    assert person is not None
    assert person.size == (256, 192)
    assert person.labels is not None
    assert person.labels.names[22] == "Female(女性)"
    telling = [name for name, configuration in found.items() if configuration is not None and configuration.notes]
    assert telling == ["inference_cls_based_action.yaml"]
