"""What `inference.yml` and `infer_cfg.yml` say becomes preprocessing; what cannot be followed is named."""

import pytest

from edgekit.errors import UsageError
from edgekit.program.inference_config import inference_config

PADDLECLAS = """
PreProcess:
  transform_ops:
  - ResizeImage: {resize_short: 292}
  - CropImage: {size: 256}
  - NormalizeImage: {channel_num: 3, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4], order: '', scale: 1./255.}
  - ToCHWImage: null
PostProcess:
  Topk: {topk: 5, label_list: [cat, dog]}
"""

PADDLEDETECTION = """
mode: paddle
Preprocess:
- {interp: 1, keep_ratio: true, target_size: [240, 240], type: Resize}
- {crop_size: [224, 224], type: CenterCrop}
- {is_scale: true, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], type: NormalizeImage}
- {type: Permute}
label_list: [a, b, c]
"""


@pytest.fixture
def config(tmp_path):
    """Reads a configuration with the given content."""

    def read(content, name="inference.yml"):
        (tmp_path / name).write_text(content)
        return inference_config(tmp_path)

    return read


def test_paddleclas_s_way(config):
    found = config(PADDLECLAS)
    assert found.preprocessing == {
        "resize_backend": "opencv", "interpolation": "bilinear", "resize_short": 292, "crop": 256,
        "divide_by": 255.0, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4),
    }  # fmt: skip
    assert found.class_names == ("cat", "dog")


def test_paddledetection_s_way(config):
    found = config(PADDLEDETECTION, "infer_cfg.yml")
    assert found.preprocessing["resize_short"] == 240
    assert found.preprocessing["crop"] == 224
    assert found.preprocessing["divide_by"] == 255.0
    assert found.class_names == ("a", "b", "c")


@pytest.mark.parametrize(("said", "interpolation"), [("interpolation: bicubic, ", "bicubic"), ("", "bilinear")])
def test_pillow_s_resize_is_followed(config, said, interpolation):
    text = f"PreProcess: {{transform_ops: [{{ResizeImage: {{resize_short: 256, {said}backend: pil}}}}]}}"
    assert config(text).preprocessing == {
        "resize_backend": "pillow", "interpolation": interpolation, "resize_short": 256,
    }  # fmt: skip


def test_a_rounded_scale_means_a_255th(config):
    text = "PreProcess: {transform_ops: [{NormalizeImage: {scale: 0.00392157}}]}"
    assert config(text).preprocessing["divide_by"] == 255.0


def test_a_scale_of_one_stays(config):
    text = "PreProcess: {transform_ops: [{NormalizeImage: {scale: 1, mean: [124, 116, 104], std: [58, 57, 57]}}]}"
    assert config(text).preprocessing["divide_by"] == 1.0


def test_without_a_file_nothing_is_said(tmp_path):
    assert inference_config(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("PreProcess: {transform_ops: [{RandFlipImage: {}}]}", "prepares images with RandFlipImage"),
        ("PreProcess: {transform_ops: [{ResizeImage: {size: 224}}]}", "does not keep the picture's proportions"),
        ("PreProcess: {transform_ops: [{ResizeImage: {resize_short: 256, interpolation: nearest}}]}", "nearest"),
        ("PreProcess: {transform_ops: [{ResizeImage: {resize_short: 9, interpolation: bicubic}}]}", "cv2's .* bicubic"),
        ("PreProcess: {transform_ops: [{ResizeImage: {resize_short: 9, backend: turbo}}]}", "turbo is neither"),
        ("PreProcess: {transform_ops: [{CropImage: {size: [224, 192]}}]}", "is not a square"),
        ("PreProcess: {transform_ops: [{NormalizeImage: {mean: [1, 2]}}]}", "step NormalizeImage"),
        ("PreProcess: {transform_ops: [{NormalizeImage: {scale: '__import__(\"os\").getpid()'}}]}", "NormalizeImage"),
        ("PreProcess: {transform_ops: [{NormalizeImage: {scale: 0}}]}", "NormalizeImage"),
        ("PreProcess: {transform_ops: [{DecodeImage: {to_rgb: false}}]}", "reads images as BGR"),
        ("PreProcess: {transform_ops: [5]}", "a step that is no table"),
        ("PreProcess: 5", "does not list the steps"),
        ("- 1", "is not a model's configuration"),
        ("a: !!python/object/apply:os.getpid []", "is not YAML"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_cannot_be_followed_is_an_error_that_names_it(config, content, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        config(content)
    assert "inference.yml" in caught.value.message
