from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.recipe.load import load_recipe

HEAD = 'family = "Zebra"\nsummary = "Stripes."\n'


def recipe(tmp_path: Path, text: str):
    path = tmp_path / "zebra.toml"
    path.write_text(HEAD + text)
    return load_recipe(path)


def test_globs_choose_the_models(tmp_path: Path) -> None:
    text = '[[targets.ncnn.expected_failures]]\nreason = "six dimensions"\nmodels = ["pcpvt_*", "alt_gvt_base"]\n'
    found = recipe(tmp_path, text)
    expected = found.expected_failure("ncnn", "pcpvt_small")
    assert expected is not None
    assert (expected.reason, expected.stage) == ("six dimensions", None)
    assert found.expected_failure("ncnn", "alt_gvt_base")
    assert found.expected_failure("ncnn", "alt_gvt_large") is None
    assert found.expected_failure("onnx", "pcpvt_small") is None
    assert found.targets["ncnn"].rewrites, "the default's rewrites stay"


def test_without_models_it_is_all_of_them(tmp_path: Path) -> None:
    found = recipe(tmp_path, '[[targets.onnx.expected_failures]]\nreason = "none yet"\nstage = "onnx/convert"\n')
    expected = found.expected_failure("onnx", "Zebra_1")
    assert expected is not None
    assert expected.stage == "onnx/convert"


def test_a_reason_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reason"):
        recipe(tmp_path, '[[targets.onnx.expected_failures]]\nmodels = ["a"]\n')
