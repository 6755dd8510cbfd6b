"""With a script in the place of pnnx: how it ends, and what of its log is kept."""

import pytest
from edgeworker.refusal import Refusal

WHOLE = """
printf '7767517\\n1 1\\nInput in0 0 1 in0\\n' > model.ncnn.param
touch model.ncnn.bin
printf 'pnnx.Input  a 0 1 0 #0=(1,3,8,8)f32\\nnn.Conv2d c 1 1 0 1 #0=(1,3,8,8)f32\\n' > model.pnnx.param
printf 'pnnx.Output b 1 0 1 #1=(1,10)f32\\n' >> model.pnnx.param
"""


@pytest.fixture
def run_script(pnnx_process, tmp_path, monkeypatch):
    def run(script, timeout=3600.0):
        executable = tmp_path / "pnnx"
        executable.write_text("#!/bin/sh\n" + script)
        executable.chmod(0o755)
        monkeypatch.setattr(pnnx_process, "_executable", lambda: executable)
        return pnnx_process.run_pnnx(tmp_path, [[1, 3, 8, 8], [1, 2]], fp16=False, timeout=timeout)

    return run


def test_files_shapes_and_warnings(run_script, tmp_path, capfd):
    conversion = run_script(WHOLE + 'echo "$@"; echo "\033[0;93mignore Foo bar 1\033[m"; echo fine')
    assert conversion.param == tmp_path / "model.ncnn.param"
    assert conversion.input_shapes == [[1, 3, 8, 8]]
    assert conversion.output_shapes == [[1, 10]]
    assert conversion.warnings == ["ignore Foo bar 1"]
    log = capfd.readouterr().err
    assert "model.onnx inputshape=[1,3,8,8],[1,2] fp16=0" in log
    assert "fine" in log


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo open failed; exit 255", "status 255: open failed"),
        ("kill -SEGV $$", "signal 11"),
        ("echo all is well", r"without a whole model\.ncnn\.param"),
        (WHOLE + "rm model.ncnn.bin", r"without a whole model\.ncnn\.bin"),
    ],
)
def test_every_bad_end_is_a_refusal(run_script, script, said):
    with pytest.raises(Refusal, match=said):
        run_script(script)


def test_time_is_bounded(run_script):
    with pytest.raises(Refusal, match=r"stopped after 0 s"):
        run_script("exec sleep 7200", timeout=0.2)
