import pytest

from edgekit.errors import UsageError
from tests.converters.lite.nb_patch import scale_channel

pytestmark = pytest.mark.toolchain


def test_the_twins_agree(run_worker, tiny_files):
    details, _ = run_worker("lite/compare.py", tiny_files, {})
    assert details["agrees"] is True
    assert details["summary"] == "it computes what the x86 file does, with the same 4 parameters"
    assert details["arm"]["bytes"] == 4 * (4 + 108 + 5 + 20)
    assert details["arm"]["kernels"] == {"Host any": 2, "ARM float32": 4}
    assert details["x86"]["ops"][-3:] == ["matmul_v2", "elementwise_add", "fetch"]


def test_exchanged_files_are_noticed(run_worker, tiny_files):
    inputs = {"arm": tiny_files["x86"], "x86": tiny_files["arm"]}
    details, _ = run_worker("lite/compare.py", inputs, {})
    assert details["differences"] == [
        "the arm file asks for kernels of X86",
        "the x86 file asks for kernels of ARM",
    ]


def test_every_changed_value_is_counted(run_worker, tiny_files, nb_format, tmp_path):
    weight = nb_format.read_nb(tiny_files["arm"]).parameters["fc.w"]
    damaged = tmp_path / "damaged.nb"
    scale_channel(tiny_files["arm"], damaged, weight.offset, weight.values, channel=0, factor=2)
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": tiny_files["x86"]}, {})
    # Row 0 of fc.w is (-5, -2, 1, 4, -4) / 8: doubled, each differs, by up to 5/8.
    assert details["differences"] == ["parameter fc.w differs in 5 of 20 values, by up to 0.625"]
    assert details["agrees"] is False


def test_a_changed_operator_is_named(run_worker, tiny_files, tmp_path):
    content = tiny_files["arm"].read_bytes()
    assert content.count(b"\x05\0\0\0swish\0") == 1
    damaged = tmp_path / "damaged.nb"
    damaged.write_bytes(content.replace(b"\x05\0\0\0swish\0", b"\x05\0\0\0relu6\0"))
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": tiny_files["x86"]}, {})
    first, arm, x86 = details["differences"]
    assert first == "the files compute logits differently"
    assert arm.startswith("the first that only arm computes is operator 2, relu6 -> ")
    assert x86.startswith("the first that only x86 computes is operator 2, swish -> ")


@pytest.mark.parametrize("role", ["arm", "x86"])
def test_a_file_cut_short_is_refused(run_worker, tiny_files, tmp_path, role):
    cut = tmp_path / "cut.nb"
    cut.write_bytes(tiny_files[role].read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"cut\.nb is not a whole Paddle Lite model"):
        run_worker("lite/compare.py", {**tiny_files, role: cut}, {})
