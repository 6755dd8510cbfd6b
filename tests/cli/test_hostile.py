"""Files and names from strangers, through the whole command line: one sentence, the right status, soon and in little
memory; and nothing of theirs that repaints the terminal or passes for a line of edgekit's."""

import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Edgekit
from edgekit.cli import app
from edgekit.reference.store import imported_folder
from tests.reference.making import Network, written

MANIFEST = Path(__file__).parents[1] / "artifact" / "manifest_schema_1.json"
DEEP = 100_000
MOST_MEMORY = 1 << 30
"""Bytes that any of these may take: edgekit itself takes a tenth of it."""
LONG = 120
"""Seconds: ten is what a user waits, and a busy machine takes longer. A hang takes for ever."""


@dataclass(frozen=True)
class Answer:
    """What a command said, and its status."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line that is edgekit's own."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("edgekit: ")]
        return line


Run = Callable[..., Answer]


@pytest.fixture
def run_alone(cache: Path, tmp_path: Path) -> Run:
    """Runs the command line in a process of its own, whose memory is measured."""

    def runs(*arguments: str | bytes | Path) -> Answer:
        out, err = tmp_path / "stdout", tmp_path / "stderr"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "edgekit", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=tmp_path,
                env={**os.environ, "EDGEKIT_CACHE": str(cache), "COLUMNS": "80"},
            )
            timer = threading.Timer(LONG, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        assert usage.ru_maxrss << 10 < MOST_MEMORY
        return checked(process.returncode, out.read_bytes(), err.read_bytes())

    return runs


@pytest.fixture
def run(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Any) -> Run:
    """Runs the command line in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def late(*_: object) -> None:
        raise TimeoutError("it hangs")

    def runs(*arguments: str | bytes | Path) -> Answer:
        capsysbinary.readouterr()
        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(LONG)
        try:
            status = app.run([os.fsdecode(one) for one in arguments])
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        return checked(status, *capsysbinary.readouterr())

    return runs


def checked(status: int, out: bytes, err: bytes) -> Answer:
    """The answer, in which nothing can repaint a terminal."""
    answer = Answer(status, out.decode(), err.decode())
    assert "Traceback" not in answer.err
    for text in (answer.out, answer.err):
        assert all(character.isprintable() or character == "\n" for character in text), repr(text)
    return answer


# Recipes

RECIPES = {
    "deep arrays": "a = " + "[" * DEEP,
    "deep tables": "a = " + "{b = " * DEEP,
    "a key of many parts": "a." * 20_000 + "b = 1",
    "a table of many parts": "[" + "a." * 20_000 + "b]",
    "a huge integer": "[targets.onnx.options]\nopset = " + "9" * 5000,
    "an integer of more than 64 bits": "[targets.onnx.options]\nopset = 18446744073709551616",
    "a date for an option": "[targets.onnx.options]\nopset = 2021-11-05",
    "infinity": "[tolerances.fp32]\nfloor = inf\nreason = 'x'",
    "not UTF-8": b"family = '\xff'",
    "a null": b"family = 'a\x00b'",
    "another encoding": "family = 'x'".encode("utf-16"),
    "escapes in a key": '"\\u001b[31m\\nedgekit: passed" = 1',
    "markup in a family": 'family = "[/red]"\nsummary = 3',
    "a path for a family": 'family = "../../../etc/passwd"\nsummary = 3',
    "an escape for a rewrite": '[[targets.onnx.rewrites]]\nname = "\\u001b]0;x\\u0007"\nreason = "y"',
}


@pytest.mark.parametrize("content", RECIPES.values(), ids=RECIPES)
def test_recipes(run: Run, tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer = run("convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--recipe", path)
    assert answer.status == 2
    assert "mine.toml" in answer.sentence


# What is no file


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


NOT_FILES = (pipe, device, loop, listening, Path.mkdir)


@pytest.mark.parametrize("make", NOT_FILES)
@pytest.mark.parametrize("what", ["recipe", "weights.pdparams", "weights.safetensors", "bundle", "labels", "manifest"])
def test_what_is_no_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, what: str) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = Path("manifest.json" if what == "manifest" else what)
    make(path)
    convert = ("convert", "MixNet_S", "-w", "demo", "-t", "onnx")
    answer = {
        "recipe": lambda: run(*convert, "--recipe", path),
        "weights.pdparams": lambda: run("convert", "MixNet_S", "-t", "onnx", "-w", path),
        "weights.safetensors": lambda: run("convert", "MixNet_S", "-t", "onnx", "-w", path),
        "bundle": lambda: run("reference", "import", path),
        "labels": lambda: run(*convert, "--labels", path),
        "manifest": lambda: run("verify", "."),
    }[what]()
    assert answer.status == 2 or (what == "manifest" and answer.status == 3)
    assert answer.sentence


def test_an_output_folder_in_a_loop(run: Run, tmp_path: Path) -> None:
    loop(tmp_path / "round")
    for command in (("verify",), ("diagnose", "MixNet_S")):
        answer = run(*command, "--out", tmp_path / "round" / "out")
        assert answer.status in (2, 3, 4)
        assert answer.sentence


@pytest.mark.parametrize("name", [b"half\xff", b"\x1b[31mred\n", "\u202egnp".encode(), b"[red]x[bold]"])
def test_names_of_files(run: Run, tmp_path: Path, name: bytes) -> None:
    folder = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder), "inference.yml").write_text("PreProcess: 3\n")
    for arguments in (
        ("convert", folder, "-t", "onnx"),
        ("convert", "MixNet_S", "-t", "onnx", "-w", folder + b"/x.pdparams"),
        ("verify", folder),
        ("verify", name),
        ("diagnose", name),
        ("predict", name, "x.png"),
        ("reference", "import", folder),
        ("convert", name, "-t", name),
        ("models", "--search", name),
    ):
        for wish in ((), ("--json",)):
            answer = run(*arguments, *wish)
            assert answer.status in (2, 3)
            assert answer.sentence
            if wish:
                assert json.loads(answer.out)["exit_status"] == answer.status


# Manifests


def changed(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {**manifest, **changes}


def within(part: str, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {**manifest, part: {**manifest[part], **changes}}


def first(part: str, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {**manifest, part: [{**manifest[part][0], **changes}]}


MANIFESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no files": changed(files={}),
    "no inputs": changed(inputs=[]),
    "no outputs": changed(outputs=[]),
    "no stages": changed(stages=[]),
    "a batch of 0": changed(batch=0),
    "a batch of a million": changed(batch=10**6),
    "a batch that its tensors have not": changed(batch=2),
    "an unknown target": changed(target="\x1b[2Jtpu"),
    "another target": changed(target="ncnn"),
    "a path as its target": changed(target="../onnx"),
    "another type": changed(files=[]),
    "a later schema": changed(schema=99, edgekit="\x1b[31m9\nedgekit: passed"),
    "a huge integer": changed(batch=10**400),
    "half a character": within("model", name="\ud800"),
    "markup for a name": within("model", name="[/red]"),
    "a name of two lines": within("model", name="M\nedgekit: passed"),
    "a name that turns round": within("model", name="\u202eM"),
    "a path for a name": within("model", name="../../x"),
    "a huge input": within("preprocessing", crop=8192, resize_short=8192),
    "a negative size": within("preprocessing", crop=-1),
    "an input of no shape": first("inputs", shape=[]),
    "an output called an image": first("outputs", kind="image"),
    "thresholds beyond 1": first("outputs", kind="sigmoid", thresholds=[2.0]),
    "a list": lambda manifest: [manifest],
    "nothing": lambda manifest: None,
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS)
def test_manifests(run: Run, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    folder = artifact(tmp_path / "out" / "M" / "onnx", change)
    for command in ("verify", "diagnose", "predict"):
        answer = run(command, folder, *(["x.png"] if command == "predict" else []))
        assert answer.status in (2, 3)
        assert answer.sentence


RAW = {
    "deep": b"[" * DEEP,
    "deep tables": b'{"a":' * DEEP,
    "not UTF-8": b'{"schema": "\xff"}',
    "a key twice": b'{"schema": 1, "schema": 2}',
    "a huge number": b'{"schema": ' + b"9" * 10_000 + b"}",
    "an exponent": b'{"schema": 1e999}',
    "NaN": b'{"schema": NaN}',
    "empty": b"",
    "nulls": bytes(4096),
    "a string without end": b'"' + b"\\" * DEEP,
    "many strings without end": b'"\\"' * DEEP,
}


@pytest.mark.parametrize("content", RAW.values(), ids=RAW)
def test_bytes_that_are_no_manifest(run: Run, tmp_path: Path, content: bytes) -> None:
    folder = artifact(tmp_path / "out" / "M" / "onnx", lambda manifest: manifest)
    (folder / "manifest.json").write_bytes(content)
    answer = run("verify", folder)
    assert answer.status == 2
    assert "manifest.json" in answer.sentence


def artifact(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """An artifact with the files that its manifest names, the manifest changed."""
    import hashlib

    folder.mkdir(parents=True)
    manifest = json.loads(MANIFEST.read_text())
    for name, record in manifest["files"].items():
        (folder / name).write_bytes(b"model")
        record.update(sha256=hashlib.sha256(b"model").hexdigest(), bytes=5)
    (folder / "manifest.json").write_text(json.dumps(change(manifest)))
    return folder


# Bundles


def header(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


BUNDLES = {
    "deep": header(b"[" * 50_000),
    "deep metadata": header(b'{"__metadata__": {"edgekit_reference": "' + b"[" * 50_000 + b'"}}'),
    "not UTF-8": header(b'{"\xff": 1}'),
    "a claim of all memory": struct.pack("<Q", 1 << 62) + b"{}",
    "no header": b"",
    "metadata that are no table": header(b'{"__metadata__": [1]}'),
    "metadata that are no text": header(b'{"__metadata__": {"edgekit_reference": 1}}'),
    "half a character": header(b'{"__metadata__": {"edgekit_reference": "\\ud800"}}'),
}


@pytest.mark.parametrize("content", BUNDLES.values(), ids=BUNDLES)
def test_a_bad_bundle_harms_nothing(run: Run, cache: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    answer = run("reference", "import", path)
    assert answer.status == 2
    assert "bad.safetensors" in answer.sentence
    # In the store, where every verification looks.
    imported_folder(cache).mkdir(parents=True)
    (imported_folder(cache) / "bad.safetensors").write_bytes(content)
    written(imported_folder(cache) / "good.safetensors", Network.of(0).run("fp32"))
    answer = run("reference", "list", "--json")
    assert answer.status == 0
    assert [one.get("name") for one in json.loads(answer.out)["bundles"]].count("good") == 1


# Weights


def amplified(kind: str) -> bytes:
    """A pickle of a megabyte or so that stands for gigabytes."""
    values = np.arange(1 << 17, dtype=np.float64)
    if kind == "one tensor under many names":
        return pickle.dumps({f"w{number}": values for number in range(6000)})
    if kind == "one text as many bytes":
        text = b"\x80\x02X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\x000"
        call = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
        return text + b"](" + call * 8000 + b"e."
    if kind == "empty tables":
        return b"\x80\x02](" + b"}" * (16 << 20) + b"e."
    assert kind == "a claim of all memory"
    return b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"x"


AMPLIFIED = ("one tensor under many names", "one text as many bytes", "empty tables", "a claim of all memory")


@pytest.mark.parametrize("kind", AMPLIFIED)
def test_weights_that_stand_for_gigabytes(run_alone: Run, cache: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "big.pdparams"
    path.write_bytes(amplified(kind))
    answer = run_alone("convert", "MixNet_S", "-t", "onnx", "-w", path)
    assert answer.status == 2
    assert "big.pdparams" in answer.sentence
    made = [file.stat().st_size for file in cache.rglob("*") if file.is_file() and "environments" not in file.parts]
    assert sum(made) < 1 << 20


HEADERS = {
    "deep": header(b"[" * DEEP),
    "a name twice": header(
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    ),
    "overlapping": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    )
    + bytes(4),
    "a huge shape": header(b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    "an escape for a name": header(b'{"\\u001b[31m\\nedgekit: passed":{"dtype":"X","shape":[],"data_offsets":[0,0]}}'),
    "a number for a shape": header(b'{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}') + bytes(4),
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)
def test_headers_of_safetensors(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    answer = run("convert", "MixNet_S", "-t", "onnx", "-w", path)
    assert answer.status == 2
    assert "bad.safetensors" in answer.sentence


# Models with a configuration

YAML = {
    "bad date": "PreProcess: {transform_ops: [{ResizeImage: {size: 2021-13-45}}]}",
    "no integer": "a: !!int abc",
    "infinity": "PreProcess: {transform_ops: [{ResizeImage: {size: .inf}}]}",
    "infinite scale": "PreProcess: {transform_ops: [{NormalizeImage: {scale: .inf}}]}",
    "400 digits": "PreProcess: {transform_ops: [{ResizeImage: {size: " + "9" * 400 + "}}]}",
    "60s": "a: " + "1:" * 200_000 + "1",
    "bomb": "a: &a [1,1]\n"
    + "".join(f"b{i}: &b{i} [{','.join([f'*b{i - 1}' if i else '*a'] * 9)}]\n" for i in range(30)),
    "merge bomb": "a: &a {x: 1}\n"
    + "".join(f"b{i}: &b{i} {{<<: [{','.join([f'*b{i - 1}' if i else '*a'] * 9)}]}}\n" for i in range(30)),
    "deep": "a: " + "[" * DEEP,
    "deep lists": "- " * DEEP,
    "deep keys": "? " * DEEP,
    "an escape for a step": 'PreProcess: {transform_ops: [{"\\e[31m\\nedgekit: passed": 1}]}',
    "markup for a step": 'PreProcess: {transform_ops: [{"[/red]": 1}]}',
    "names that turn round": 'PreProcess: {transform_ops: []}\nPostProcess: {Topk: {label_list: 3}}\n"\\u202e": 1',
    "an object": "a: !!python/object/apply:os.system [touch executed]",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_configurations(run: Run, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "inference.pdmodel").write_bytes(b"graph")
    (folder / "inference.pdiparams").write_bytes(b"parameters")
    (folder / "inference.yml").write_text(text)
    answer = run("convert", folder, "-t", "onnx", "--input-size", "7")
    assert answer.status == 2
    assert answer.sentence
    assert not (tmp_path / "executed").exists()


LABELS = {
    "deep": "[" * DEEP,
    "numbers twice": '{"0": "a", "0": "b"}',
    "half a character": '["\\ud800"]',
    "a huge number": '{"' + "9" * 5000 + '": "a"}',
    "not text": b"\xff\xfe",
}


@pytest.mark.parametrize("content", LABELS.values(), ids=LABELS)
def test_labels(run: Run, tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer = run("convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--labels", path)
    assert answer.status == 2
    assert "names.txt" in answer.sentence


@pytest.mark.toolchain
def test_a_conversion_into_a_loop(edgekit: Edgekit, tmp_path: Path) -> None:
    loop(tmp_path / "round")
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--out", tmp_path / "round" / "out")
    assert answer.returncode == 4
    assert "Traceback" not in answer.stderr
    assert "round/out" in answer.stderr
