import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from tests.converters.paddle.conftest import architecture

pytestmark = pytest.mark.toolchain


def test_a_program_of_64_pixels_and_10_classes(export, mixnet_weights):
    details, program = export("MixNet_S", mixnet_weights, 64)
    assert details == {
        "inputs": [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}],
        "outputs": [{"name": "logits", "shape": [1, 10], "dtype": "float32"}],
        "parameters": 4_134_606 - 990 * (1536 + 1),
        "class_count": 10,
        "notes": [],
    }
    assert sorted(path.name for path in program.iterdir()) == ["inference.pdiparams", "inference.pdmodel"]


def test_the_same_weights_give_the_same_bytes_without_paths(export, mixnet, mixnet_weights):
    _, again = export("MixNet_S", mixnet_weights, 64)
    for name in ("inference.pdmodel", "inference.pdiparams"):
        assert (again / name).read_bytes() == (mixnet / name).read_bytes()
    assert b"site-packages" not in (mixnet / "inference.pdmodel").read_bytes()


def test_any_batch(export, mixnet, mixnet_weights, run_program, noise):
    details, program = export("MixNet_S", mixnet_weights, 64, batch="dynamic")
    assert details["inputs"][0]["shape"] == [-1, 3, 64, 64]
    assert details["outputs"][0]["shape"] == [-1, 10]
    images = noise(3, 64)
    _, one_by_one, _ = run_program(mixnet, images, oracle=False)
    _, together, _ = run_program(program, images, batch=3, oracle=False)
    np.testing.assert_allclose(together, one_by_one, atol=1e-4)


def test_float16_weights_are_widened(export, mixnet_weights, tmp_path, mixnet, run_program, noise):
    halves = {name: value.astype(np.float16) for name, value in load_file(mixnet_weights).items()}
    save_file(halves, tmp_path / "half.safetensors")
    _, program = export("MixNet_S", tmp_path / "half.safetensors", 64)
    assert (program / "inference.pdiparams").stat().st_size == (mixnet / "inference.pdiparams").stat().st_size
    _, _, exact = run_program(mixnet, noise(2, 64))
    _, _, rounded = run_program(program, noise(2, 64))
    assert 1e-6 < np.abs(rounded - exact).max() < 0.1


def test_a_twins_program_holds_no_initialisers(export, synthesize):
    # Its constructor puts them into the program; each run would then overwrite the trained weights.
    _, program = export("pcpvt_small", synthesize("pcpvt_small", 64), 64)
    description = (program / "inference.pdmodel").read_bytes()
    assert b"softmax" in description
    assert b"truncated_gaussian_random" not in description
    assert b"gaussian_random" not in description


@pytest.mark.parametrize("name", ["MixNet_S", "DenseNet121", "DPN68", "pcpvt_small", "ResNet50_vc", "SE_HRNet_W64_C"])
def test_the_catalog_counts_what_is_built(export, synthesize, name):
    architecture = next(m.architecture for m in load_catalog().models if m.architecture.name == name)
    details, _ = export(name, synthesize(name, 64, class_count=1000), 64)
    assert details["parameters"] == architecture.parameters


def test_weights_that_do_not_fit_are_named(export, changed):
    weights = changed(
        {
            "features.init_block.conv1.conv.weight": np.zeros((32, 3, 3, 3), np.float32),
            "features.init_block.conv1.bn.bias": None,
            "teacher.weight": np.zeros(1, np.float32),
        }
    )
    with pytest.raises(UsageError) as caught:
        export("MixNet_S", weights, 64)
    assert caught.value.message == (
        "3 of 348 tensors do not fit MixNet_S: features.init_block.conv1.conv.weight is [16, 3, 3, 3] in the "
        "architecture and [32, 3, 3, 3] in the weights; missing: features.init_block.conv1.bn.bias; "
        "unexpected: teacher.weight"
    )
    assert "MixNet_S" in caught.value.remedy


def test_weights_of_another_architecture_name_the_first_few(export, mixnet_weights):
    with pytest.raises(UsageError, match=r"do not fit ResNet18: missing: .* and \d+ more; unexpected: .* and 343 more"):
        export("ResNet18", mixnet_weights, 64)


def test_wrapped_weights_are_the_same_program(export, mixnet, mixnet_weights, tmp_path):
    """Distillation saves both networks; the one of fewer classes is another network here."""
    own = load_file(mixnet_weights)
    student = {f"Student.{name}": value for name, value in own.items()}
    teacher = {f"Teacher.{name}": value for name, value in own.items() if name != "output.bias"}
    save_file(student | teacher, tmp_path / "both.safetensors")
    details, program = export("MixNet_S", tmp_path / "both.safetensors", 64)
    assert (program / "inference.pdiparams").read_bytes() == (mixnet / "inference.pdiparams").read_bytes()
    (note,) = details["notes"]
    assert note.startswith('the names of the weights begin with "Student.", which was taken off; 346 of other')


def test_the_prefix_decides_between_two(run_worker, mixnet_weights, tmp_path):
    own = load_file(mixnet_weights)
    both = {f"{start}{name}": value for start in ("Student.", "Teacher.") for name, value in own.items()}
    for name in ("output.weight", "output.bias"):
        both[f"Teacher.{name}"] = np.ascontiguousarray(own[name][..., :4])
    save_file(both, tmp_path / "both.safetensors")
    inputs = {"weights": tmp_path / "both.safetensors"}
    options = {"architecture": architecture("MixNet_S"), "input_size": 64, "batch": 1}
    with pytest.raises(
        UsageError, match=r'begin with "Student\.", "Teacher\."\. Name one, as in --weights-prefix Student'
    ):
        run_worker("paddle/export.py", inputs, options)
    assert run_worker("paddle/export.py", inputs, options | {"prefix": "Teacher."})[0]["class_count"] == 4
    with pytest.raises(UsageError, match=r'begin with "Student\.", "Teacher\."'):
        run_worker("paddle/export.py", inputs, options | {"prefix": "Pupil."})


def test_without_a_classifier_only_that_is_missing(export, mixnet_weights, tmp_path):
    kept = {f"backbone.{name}": value for name, value in load_file(mixnet_weights).items() if "output" not in name}
    save_file(kept, tmp_path / "weights.safetensors")
    with pytest.raises(UsageError, match=r"2 of 347 tensors do not fit MixNet_S: missing: output\.weight"):
        export("MixNet_S", tmp_path / "weights.safetensors", 64)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.full(10, np.nan, np.float32), "NaN or infinite values: output.bias"),
        (np.zeros(10, np.float64), r"neither float16 nor float32: output.bias \(F64\)"),
    ],
)
def test_values_that_are_no_weights_are_refused(export, changed, value, message):
    with pytest.raises(UsageError, match=message):
        export("MixNet_S", changed({"output.bias": value}), 64)


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("HRNet_W18_C", 100, "Broadcast dimension mismatch"),
        ("alt_gvt_small", 64, "capacity of 'shape' is 12544"),
        ("DenseNet121", 16, r"a pool of \[2, 2\] would slide over \[1, 1\]"),
    ],
)
@pytest.mark.parametrize("batch", [1, "dynamic"])
def test_sizes_that_an_architecture_cannot_take(export, mixnet_weights, name, size, reason, batch):
    with pytest.raises(UsageError, match=f"{name} cannot take inputs of {size} x {size}: .*{reason}"):
        export(name, mixnet_weights, size, batch=batch)


@pytest.mark.parametrize(("size", "batch", "message"), [(0, 1, "input size 0"), (64, 0, "batch of 0 images")])
def test_numbers_that_are_none(export, mixnet_weights, size, batch, message):
    with pytest.raises(UsageError, match=message):
        export("MixNet_S", mixnet_weights, size, batch=batch)
