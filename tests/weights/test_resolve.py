"""What `--weights` accepts, and what becomes of it."""

import hashlib
import http.server
import json
import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.catalog import Model, load_catalog
from edgekit.errors import AbsentError, ConversionError, UsageError
from edgekit.weights import ResolvedWeights, download, official, pdparams, resolve_weights
from edgekit.weights.demo import FOLDER, demo_weights

CATALOG = load_catalog()
STATE = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "half": np.array([0.5, 2], dtype=np.float16),
    "double": np.array([1.5, -3]),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "scalar": np.array(3.0, dtype=np.float32),
}
CONTENT = pickle.dumps(STATE, 4)


class Server:
    """Serves `content` (None: 404) and counts the requests."""

    def __init__(self) -> None:
        self.content: bytes | None = CONTENT
        self.requests = 0
        self.delay = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                time.sleep(outer.delay)
                self.send_response(200 if outer.content is not None else 404)
                self.send_header("Content-Length", str(len(outer.content or b"")))
                self.end_headers()
                self.wfile.write(outer.content or b"")

            def log_message(self, format: str, *args: object) -> None: ...

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/model.pdparams"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "SCHEMES", ("https", "http"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def model(name: str, server: Server) -> Model:
    return replace(CATALOG.find(name), official_url=server.url)


def assert_is_state(weights: ResolvedWeights) -> None:
    assert weights.path is not None
    loaded = load_file(weights.path)
    assert set(loaded) == set(STATE)
    for name, array in STATE.items():
        assert loaded[name].dtype == (np.float32 if array.dtype == np.float64 else array.dtype)
        assert loaded[name].shape == array.shape
        np.testing.assert_array_equal(loaded[name], array)


# -- files


def test_a_pdparams_file_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, cache = tmp_path / "my.pdparams", tmp_path / "cache"
    file.write_bytes(CONTENT)
    weights = resolve_weights(CATALOG.find("ResNet18"), str(file), cache)
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (weights.kind, weights.label, weights.sha256) == ("file", "weights my.pdparams", digest)
    assert weights.spec == str(file)
    assert (weights.seed, weights.input_size, weights.class_names, weights.warning) == (
        None,
        None,
        None,
        None,
    )
    assert weights.path == cache / "weights" / f"{digest}.safetensors"
    assert_is_state(weights)
    monkeypatch.setattr(pdparams, "read_pdparams", lambda _: pytest.fail("read a second time"))
    assert resolve_weights(CATALOG.find("ResNet18"), str(file), cache) == weights


def test_a_safetensors_file_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "my.safetensors"
    save_file({"w": STATE["conv.weight"]}, file)
    weights = resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")
    assert (weights.path, weights.sha256) == (file, hashlib.sha256(file.read_bytes()).hexdigest())


def test_a_damaged_safetensors_file(tmp_path: Path) -> None:
    file = tmp_path / "my.safetensors"
    save_file({"w": STATE["conv.weight"]}, file)
    whole = file.read_bytes()
    for content in (b"", whole[:5], whole[:-1], CONTENT, b"\xff" * 64):
        file.write_bytes(content)
        with pytest.raises(UsageError, match="not a whole safetensors file"):
            resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")


def raw_safetensors(file: Path, dtype: str, shape: list[int], data: bytes) -> Path:
    """A file with one tensor `w` of a type that numpy need not have."""
    header = json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return file


@pytest.mark.parametrize(
    ("dtype", "bits", "sentence"),
    [("F8_E4M3", 8, '"w" as F8_E4M3'), ("I8", 8, 'holds "w" as int8: its weights are quantised already')],
)
def test_types_that_no_worker_takes(tmp_path: Path, dtype: str, bits: int, sentence: str) -> None:
    file = raw_safetensors(tmp_path / "my.safetensors", dtype, [2], bytes(2 * bits // 8))
    with pytest.raises(UsageError, match=sentence):
        resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")


def test_quantised_weights_are_named_as_such(tmp_path: Path) -> None:
    file = tmp_path / "my.pdparams"
    file.write_bytes(pickle.dumps({"conv.weight": np.ones((2, 3), np.int8)}))
    with pytest.raises(UsageError, match=r'"conv\.weight" as int8: its weights are quantised already'):
        resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")


# The largest bfloat16, the smallest one, one third in it, minus two, as the upper halves of their float32.
BFLOAT16 = np.array([[0x7F7F, 0x0001], [0x3EAB, 0xC000]], np.uint16)
WIDENED = np.array([[3.3895313892515355e38, 9.183549615799121e-41], [0.333984375, -2.0]], np.float32)


@pytest.mark.parametrize("ending", [".pdparams", ".safetensors"])
def test_bfloat16_is_widened_exactly_and_said(tmp_path: Path, ending: str) -> None:
    """paddle.save writes a bfloat16 tensor as uint16, which is what Paddle's `Tensor.numpy()` makes of it."""
    file = tmp_path / f"my{ending}"
    if ending == ".pdparams":
        file.write_bytes(pickle.dumps({"w": BFLOAT16}))
    else:
        raw_safetensors(file, "BF16", [2, 2], BFLOAT16.tobytes())
    for _ in range(2):  # the second time from the cache
        weights = resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")
        assert weights.path is not None
        np.testing.assert_array_equal(load_file(weights.path)["w"], WIDENED)
        assert weights.warning == f"{file}: 1 of its 1 tensors are bfloat16, converted exactly to float32"


def test_float64_in_a_safetensors_file_is_narrowed(tmp_path: Path) -> None:
    save_file({"w": np.array([1 / 3])}, tmp_path / "my.safetensors")
    weights = resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "my.safetensors"), tmp_path / "cache")
    assert weights.path is not None
    assert load_file(weights.path)["w"].dtype == np.float32
    assert weights.warning is None


def test_the_ending_may_be_left_out(tmp_path: Path) -> None:
    """PaddleClas writes `-o Global.pretrained_model=output/ResNet18/best_model`."""
    (tmp_path / "best_model.pdparams").write_bytes(CONTENT)
    weights = resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "best_model"), tmp_path / "cache")
    assert weights.spec == str(tmp_path / "best_model.pdparams")
    save_file({"w": STATE["conv.weight"]}, tmp_path / "best_model.safetensors")
    with pytest.raises(UsageError, match=r"may be .*best_model\.pdparams and .*best_model\.safetensors\. Name one"):
        resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "best_model"), tmp_path / "cache")


def test_a_folder_names_the_weights_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "best_model"
    folder.mkdir()
    for name in ("model.pdparams", "._model.pdparams"):
        (folder / name).write_bytes(CONTENT)
    with pytest.raises(UsageError, match=r"is a folder, .* such as .*best_model/model\.pdparams"):
        resolve_weights(CATALOG.find("ResNet18"), str(folder), tmp_path / "cache")


@pytest.mark.parametrize("spec", ["auto", "demo", "synthetic:3"])
def test_a_prefix_is_for_a_file(tmp_path: Path, spec: str) -> None:
    with pytest.raises(UsageError, match="--weights-prefix is for a file of your own"):
        resolve_weights(CATALOG.find("MixNet_S"), spec, tmp_path, offline=True, prefix="Student.")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(tmp_path: Path, value: float) -> None:
    file = tmp_path / "my.pdparams"
    file.write_bytes(pickle.dumps({"w": np.array([1, value], dtype=np.float32)}))
    with pytest.raises(UsageError, match='NaN or infinity in "w"'):
        resolve_weights(CATALOG.find("ResNet18"), str(file), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize(("spec", "why"), [("no/such/file.pdparams", "no weights at"), ("offical", "no weights at")])
def test_a_value_that_is_nothing(tmp_path: Path, spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        resolve_weights(CATALOG.find("ResNet18"), spec, tmp_path)
    assert "auto, official, demo, synthetic" in caught.value.remedy


def test_a_file_of_another_kind_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"x")
    with pytest.raises(
        UsageError, match=r"model\.pth is a file of PyTorch, not Paddle's weights\. docs/guides/from_py"
    ):
        resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "model.pth"), tmp_path / "cache")
    (tmp_path / "model.npz").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"neither a \.pdparams nor a \.safetensors"):
        resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "model.npz"), tmp_path / "cache")
    with pytest.raises(UsageError, match="is a folder"):
        resolve_weights(CATALOG.find("ResNet18"), str(tmp_path), tmp_path / "cache")


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "my.pdparams").write_bytes(CONTENT)
    (tmp_path / "cache").write_text("a file where the folder belongs")
    with pytest.raises(ConversionError, match="could not be written"):
        resolve_weights(CATALOG.find("ResNet18"), str(tmp_path / "my.pdparams"), tmp_path / "cache")


# -- synthetic


@pytest.mark.parametrize(
    ("spec", "seed"),
    [("synthetic", 0), ("synthetic:0", 0), ("synthetic:42", 42), ("synthetic:2147483647", 2147483647)],
)
def test_synthetic(tmp_path: Path, spec: str, seed: int) -> None:
    weights = resolve_weights(CATALOG.find("DPN68"), spec, tmp_path)
    assert (weights.kind, weights.seed, weights.path, weights.sha256) == ("synthetic", seed, None, "")
    assert weights.label == f"synthetic weights (seed {seed})"
    assert weights.spec == f"synthetic:{seed}"


@pytest.mark.parametrize("seed", ["", "x", "-1", "1.5", "2147483648", "٣", "00000000000000000001", "9" * 5000])
def test_a_bad_seed(tmp_path: Path, seed: str) -> None:
    with pytest.raises(UsageError, match="is no seed"):
        resolve_weights(CATALOG.find("DPN68"), f"synthetic:{seed}", tmp_path)


# -- demo


def test_demo(tmp_path: Path) -> None:
    weights = resolve_weights(CATALOG.find("MixNet_S"), "demo", tmp_path)
    assert (weights.kind, weights.input_size, weights.warning) == ("demo", 64, None)
    assert weights.class_names is not None
    assert weights.class_names[:2] == ("airplane", "automobile")
    assert len(weights.class_names) == 10
    assert weights.path is not None
    assert weights.sha256 == hashlib.sha256(weights.path.read_bytes()).hexdigest()
    assert list(tmp_path.iterdir()) == []


def test_demo_of_a_model_without(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="no demo weights for MixNet_M"):
        resolve_weights(CATALOG.find("MixNet_M"), "demo", tmp_path)


def test_the_demo_file_is_what_it_says() -> None:
    demo = demo_weights("MixNet_S")
    assert demo is not None
    tensors = load_file(demo.path)
    assert len(tensors) == 347
    assert tensors["output.weight"].shape == (1536, len(demo.class_names))
    single = {name for name, tensor in tensors.items() if tensor.dtype == np.float32}
    assert single == {
        "features.stage4.unit3.conv2.bn._variance",
        "features.stage4.unit6.conv1.bn._variance",
    }
    for name, tensor in tensors.items():
        assert np.isfinite(tensor).all()
        if name.endswith("_variance"):
            assert tensor.min() > 0
    assert demo.path.stat().st_size < 6 << 20


def test_the_demo_file_keeps_the_original_to_half_precision() -> None:
    source = Path(__file__).parents[3] / "shared" / "weights" / "MixNet_S_cifar10.pdparams"
    if not source.is_file():
        pytest.skip("../shared/weights/MixNet_S_cifar10.pdparams, which the demo weights were made from, is not here")
    bundled, original = load_file(FOLDER / "MixNet_S.safetensors"), pdparams.read_pdparams(source)
    assert set(bundled) == set(original)
    for name, tensor in original.items():
        # Half a unit in the last place of float16, relative, or half its smallest step.
        np.testing.assert_allclose(bundled[name].astype(np.float64), tensor, rtol=2.0**-11, atol=2.0**-25)


# -- official


def test_official_is_downloaded_once_and_recorded(tmp_path: Path, server: Server) -> None:
    told: list[tuple[int, int | None]] = []
    wanted = model("ResNet18", server)
    weights = resolve_weights(wanted, "official", tmp_path, progress=lambda *step: told.append(step))
    assert (weights.kind, weights.label, weights.warning) == ("official", "official weights", None)
    assert weights.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert_is_state(weights)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    record = json.loads((tmp_path / "weights/official/ResNet18.pdparams.json").read_text())
    assert (record["sha256"], record["url"], record["bytes"]) == (weights.sha256, server.url, len(CONTENT))
    assert weights.spec == "official"
    for spec in ("official", "auto"):
        assert resolve_weights(wanted, spec, tmp_path, offline=True) == weights
    assert server.requests == 1


def test_official_says_what_is_known_of_its_address(tmp_path: Path, server: Server) -> None:
    warning = resolve_weights(model("ResNet50_vd_v2", server), "official", tmp_path).warning
    assert warning is not None
    assert "earlier PaddleClas release" in warning


def test_a_changed_download_is_made_good_with_one_line(tmp_path: Path, server: Server) -> None:
    wanted = model("ResNet18", server)
    digest = resolve_weights(wanted, "official", tmp_path).sha256
    file = tmp_path / "weights/official/ResNet18.pdparams"
    for spec in ("official", "auto"):
        file.write_bytes(CONTENT + b" ")
        told: list[str] = []
        assert resolve_weights(wanted, spec, tmp_path, notify=told.append).sha256 == digest
        assert file.read_bytes() == CONTENT
        (line,) = told
        assert digest[:12] in line
        assert hashlib.sha256(CONTENT + b" ").hexdigest()[:12] in line


def test_without_a_network_a_changed_download_is_absent(tmp_path: Path, server: Server) -> None:
    wanted = model("ResNet18", server)
    resolve_weights(wanted, "official", tmp_path)
    (tmp_path / "weights/official/ResNet18.pdparams").write_bytes(CONTENT + b" ")
    with pytest.raises(AbsentError, match="downloads are off"):
        resolve_weights(wanted, "official", tmp_path, offline=True)


def test_damaged_converted_weights_are_made_anew_with_one_line(tmp_path: Path) -> None:
    """With one value negated a wrong model would pass, with the true weights' hash in its manifest."""
    file, cache = tmp_path / "my.pdparams", tmp_path / "cache"
    file.write_bytes(pickle.dumps({"w": np.arange(1, 9, dtype=np.float32)}, 4))
    first = resolve_weights(CATALOG.find("ResNet18"), str(file), cache)
    assert first.path is not None
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 0x80]))
    told: list[str] = []
    again = resolve_weights(CATALOG.find("ResNet18"), str(file), cache, notify=told.append)
    np.testing.assert_array_equal(load_file(first.path)["w"], np.arange(1, 9))
    assert again == replace(first, content_sha256=again.content_sha256)
    assert told == [f"{first.path} is damaged, and is made again"]


def test_a_page_in_place_of_weights_is_not_kept(tmp_path: Path, server: Server) -> None:
    server.content = b"<html>Please log in to the hotel's network</html>"
    with pytest.raises(AbsentError, match=r"not ResNet18's weights.*web page"):
        resolve_weights(model("ResNet18", server), "official", tmp_path)
    assert not list((tmp_path / "weights/official").glob("*.pdparams*[!k]"))


def test_two_runs_share_one_download(tmp_path: Path, server: Server) -> None:
    server.delay = 0.3
    wanted = model("ResNet18", server)
    found: list[ResolvedWeights] = []
    runs = [
        threading.Thread(target=lambda: found.append(resolve_weights(wanted, "official", tmp_path))) for _ in range(3)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert server.requests == 1
    assert len(found) == 3
    assert found[0] == found[1] == found[2]


def test_official_is_strict(tmp_path: Path, server: Server) -> None:
    server.content = None
    with pytest.raises(AbsentError, match="HTTP 404"):
        resolve_weights(model("MixNet_S", server), "official", tmp_path)
    with pytest.raises(AbsentError, match="downloads are off"):
        resolve_weights(model("MixNet_S", server), "official", tmp_path, offline=True)
    assert server.requests == 1


# -- auto


def test_auto_prefers_the_official_weights(tmp_path: Path, server: Server) -> None:
    assert resolve_weights(model("MixNet_S", server), "auto", tmp_path).kind == "official"


def test_auto_falls_back_to_the_demo_loudly(tmp_path: Path, server: Server) -> None:
    server.content = None
    weights = resolve_weights(model("MixNet_S", server), "auto", tmp_path)
    assert (weights.kind, weights.spec, weights.input_size) == ("demo", "demo", 64)
    assert weights.warning is not None
    assert "HTTP 404" in weights.warning
    assert "not MixNet_S's published weights" in weights.warning


def test_auto_without_a_demo_names_the_ways_out(tmp_path: Path, server: Server) -> None:
    server.content = None
    with pytest.raises(AbsentError) as caught:
        resolve_weights(model("ResNet18", server), "auto", tmp_path)
    assert "--weights synthetic:0" in caught.value.remedy
    assert "--weights PATH" in caught.value.remedy


def test_auto_offline(tmp_path: Path) -> None:
    assert resolve_weights(CATALOG.find("MixNet_S"), "auto", tmp_path, offline=True).kind == "demo"
    with pytest.raises(AbsentError, match="downloads are off"):
        resolve_weights(CATALOG.find("ResNet18"), "auto", tmp_path, offline=True)


def test_a_failure_is_remembered_by_auto_only_and_not_for_ever(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.content = None
    wanted = model("MixNet_S", server)
    for _ in range(3):
        assert resolve_weights(wanted, "auto", tmp_path).kind == "demo"
    assert server.requests == 1
    # The server answered: another of its files is still worth a try.
    with pytest.raises(AbsentError):
        resolve_weights(model("MixNet_M", server), "auto", tmp_path)
    assert server.requests == 2
    with pytest.raises(AbsentError):
        resolve_weights(wanted, "official", tmp_path)
    assert server.requests == 3
    server.content = CONTENT
    monkeypatch.setattr(official, "RETRY_SECONDS", 0)
    assert resolve_weights(wanted, "auto", tmp_path).kind == "official"
    assert not list((tmp_path / "weights/official").glob("MixNet_S.failed.json"))


def test_a_host_that_cannot_be_reached_is_remembered_for_all_its_models(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.http.shutdown()
    server.http.server_close()
    assert resolve_weights(model("MixNet_S", server), "auto", tmp_path).kind == "demo"
    monkeypatch.setattr(official, "download", lambda *_: pytest.fail("tried again"))
    with pytest.raises(AbsentError, match="tried 0 min ago"):
        resolve_weights(model("ResNet18", server), "auto", tmp_path)
