"""The flags that say which model is meant: the same on every command, and typed again as they were given."""

import pytest
from typer.testing import CliRunner

from edgekit.cli.app import app
from edgekit.cli.diagnose import diagnose_command
from edgekit.cli.model_flags import Channels, ModelFlags, Resizing
from edgekit.errors import UsageError

COMMANDS = (["convert"], ["bench"], ["diagnose"], ["reference", "record"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_that_takes_models_has_them_all(command):
    said = CliRunner().invoke(app, [*command, "--help"]).output
    for flag in ("--weights-prefix", "--config", "--labels", "--resize-short", "--mean", "--output-kind", "--name"):
        assert f"{flag} " in said
    assert "--model" not in said


def test_they_are_typed_again_as_given(tmp_path):
    flags = ModelFlags(config="none", resize=Resizing.stretch, channel_order=Channels.BGR, mean="0.5,0.5,0.5")
    again = ["--config", "none", "--resize", "stretch", "--channel-order", "BGR", "--mean", "0.5,0.5,0.5"]
    assert flags.words() == again
    out = tmp_path / "elsewhere"
    assert diagnose_command("model", flags, out) == ["edgekit", "diagnose", "model", *again, "--out", str(out)]
    assert ModelFlags().words() == []


def test_they_mean_fields_of_the_preprocessing():
    changes = ModelFlags(resize_short=256, channel_order=Channels.GRAY, divide_by="255", std="0.2").options().changes
    assert changes == {
        "resize": "short",
        "resize_short": 256,
        "channel_order": "GRAY",
        "divide_by": 255,
        "std": 0.2,
    }


def test_contradictions_are_named():
    with pytest.raises(UsageError, match="--resize letterbox leaves no use for --resize-short 256"):
        ModelFlags(resize=Resizing.letterbox, resize_short=256).options()
