"""What is said of `--ray` and `--store` before anything runs."""

import subprocess
import sys

import pytest

from edgekit.cli.app import run
from edgekit.cli.ray_flag import Cluster, chosen_cluster

MATRIX = ["matrix", "--models", "MixNet_S", "--target", "onnx"]


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = run(arguments)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err and shown.err.startswith("edgekit: ")
    return status, " ".join(shown.err.split())


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--store", "SHARED"], 2, "Add --ray ADDRESS, or --ray local"),
        (["--ray", "head:6379"], 2, "--ray needs --store"),
        (["--ray", "local", "--store", "memory://x"], 2, "is one process's own"),
        (["--ray", "nothing", "--store", "SHARED"], 2, "--ray nothing is no cluster"),
        (["--ray", "ray://head:10001", "--store", "SHARED"], 2, "which edgekit does not use"),
        (["--ray", "127.0.0.1:1", "--store", "SHARED"], 3, "no cluster answers at 127.0.0.1:1"),
        (["--ray", "local", "--store", "gs://x/y"], 3, "--store gs://x/y needs a package"),
    ],
)
def test_what_cannot_be_meant(cache, tmp_path, capsys, flags: list[str], status: int, words: str) -> None:
    flags = [str(tmp_path / "x") if flag == "SHARED" else flag for flag in flags]
    found, text = said([*MATRIX, "--out", str(tmp_path / "out"), *flags], capsys)
    assert found == status and words in text


def test_the_extra_is_named_where_it_is_not_installed(cache, tmp_path, capsys, monkeypatch) -> None:
    for module in ("ray", "fsspec", "fsspec.core"):
        monkeypatch.setitem(sys.modules, module, None)
    for flags in (["--ray", "local"], ["--ray", "local", "--store", str(tmp_path / "shared")]):
        found, text = said([*MATRIX, "--out", str(tmp_path / "out"), *flags], capsys)
        assert found == 3
        way = "Run `pip install '.[ray]'` in edgekit's checkout."
        assert text == f"edgekit: --ray needs packages that are not installed. {way}"


def test_a_folder_becomes_a_url(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen_cluster("head:1", "shared") == Cluster("head:1", (tmp_path / "shared").as_uri())
    assert chosen_cluster("head:1", "s3://bucket/x") == Cluster("head:1", "s3://bucket/x")
    assert chosen_cluster("local", None) == Cluster("local", None)
    assert chosen_cluster(None, None) is None


def test_nobody_else_imports_ray() -> None:
    command = "import sys; from edgekit.cli.app import run; run(['matrix', '--help']); run(['evaluate', '--help']);"
    command += "print([one for one in sys.modules if one.split('.')[0] in ('ray', 'fsspec') or 'cluster' in one])"
    answer = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
