"""What stands before the names in a weights file, on made-up names."""

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load

prefixes = load("paddle", "prefixes")

WANTED = ["conv.weight", "conv.bias", "fc.weight"]


def named(*starts: str, more: tuple[str, ...] = ()) -> list[str]:
    return [start + name for start in starts for name in WANTED] + list(more)


def found(weights: list[str], wanted: list[str] = WANTED) -> str:
    return prefixes.fitting_prefix(weights, wanted, prefixes.prefixes_of(weights, "fc.weight"))


@pytest.mark.parametrize("prefix", ["", "module.", "_layers.", "backbone.", "Student.", "module.Student.backbone."])
def test_one_network_is_found_whatever_wraps_it(prefix):
    assert found(named(prefix, more=("optimiser.step",) if prefix else ())) == prefix


def test_of_two_networks_the_one_that_fits_is_meant():
    teacher = [f"Teacher.{name}" for name in [*WANTED, "conv9.weight"]]
    assert found([*named("Student."), *teacher]) == "Student."
    assert found([*named("Student."), *teacher], [*WANTED, "conv9.weight"]) == "Teacher."


def test_two_networks_that_both_fit_are_named():
    with pytest.raises(Refusal) as caught:
        found(named("Student.", "Teacher."))
    assert caught.value.message == (
        'the weights hold 2 networks that may be meant: their names begin with "Student.", "Teacher."'
    )
    assert caught.value.remedy == "Name one, as in --weights-prefix Student."


def test_a_name_s_end_alone_is_no_prefix():
    assert prefixes.prefixes_of(["my_fc.weight"], "fc.weight") == []


def test_an_absent_prefix_is_named_with_those_that_are_there():
    with pytest.raises(Refusal, match=r'begins with "Pupil\."') as caught:
        prefixes.check_prefix(named("Student.", "Teacher."), "Pupil.")
    assert caught.value.remedy == 'Their names begin with "Student.", "Teacher."'


def test_what_was_done_is_said():
    weights = named("backbone.", more=("neck.w",))
    used = prefixes.under(dict.fromkeys(weights, 0), "backbone.")
    assert sorted(used) == sorted(WANTED)
    assert prefixes.prefix_note("backbone.", weights, used) == (
        'the names of the weights begin with "backbone.", which was taken off; 1 of other names were left out: neck.w'
    )
    assert prefixes.prefix_note("", weights, weights) == ""
