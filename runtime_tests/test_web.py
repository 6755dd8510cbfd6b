"""examples/web in a real browser: it computes what the native runner computes, and says what it cannot take."""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_core_python.selenium import Axe
from PIL import Image
from safetensors.numpy import load_file, save_file
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from conftest import PATIENCE_SECONDS, ROOT
from edgekit.artifact.load import load_artifact
from edgekit.classes import prepared
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from runtime_tests.browser import DESK, PHONE, browser, resize, served
from runtime_tests.runners import built_for, needed, run

pytestmark = pytest.mark.toolchain

PHOTOS = [photo.path for photo in bundled_photos()[:3]]
BUILDER = ROOT / "examples" / "web" / "build.py"
LOGITS = "const done = arguments[1]; fetch(arguments[0]).then((a) => a.arrayBuffer())"
LOGITS += ".then((bytes) => model.ask('classify', {bytes, top: 5})).then(done, (error) => done({error: String(error)}))"
DROP = """const carried = new DataTransfer();
carried.items.add(new File([Uint8Array.from(arguments[0])], arguments[1]));
document.getElementById("drop").dispatchEvent(
    new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));"""


@pytest.fixture(scope="module")
def artifact(mixnet_on_ncnn: Path) -> Path:
    return mixnet_on_ncnn / "MixNet_S" / "ncnn"


def build(artifact: Path, folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, BUILDER, artifact, folder],
        env={**os.environ, "EDGEKIT_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def page(artifact: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with MixNet_S. Skips where it cannot be built."""
    needed("wasm")
    folder = tmp_path_factory.mktemp("web") / "page"
    answer = build(artifact, folder, session_cache)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture(scope="module")
def runner(artifact: Path, session_cache: Path) -> Path:
    """The runner of this machine's package of the same model."""
    architecture, _ = needed(platform.machine())
    return built_for(artifact, architecture, "runner", session_cache) / architecture.executable


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as made:
        resize(made, DESK)
        made.set_script_timeout(PATIENCE_SECONDS)
        yield made


def text(driver: Chrome, name: str) -> str:
    return driver.execute_script("return document.getElementById(arguments[0]).textContent", name)


def wait(driver: Chrome, condition: str) -> None:
    """Wait until a condition in JavaScript holds."""
    WebDriverWait(driver, PATIENCE_SECONDS).until(lambda one: one.execute_script(f"return {condition}"))


READY = "/passed|failed/.test(document.getElementById('badge').className)"
ANSWERED = "!document.getElementById('result').hidden || document.getElementById('message').matches('.error')"


def opened(driver: Chrome, address: str) -> None:
    """Open a page and wait for its model and its self-test."""
    driver.get(address)
    wait(driver, READY)


def choose(driver: Chrome, photo: Path) -> None:
    driver.find_element("id", "file").send_keys(str(photo))
    # The name is told first, then what is on it.
    wait(driver, f"!document.getElementById('message').textContent.startsWith('Looking') && ({ANSWERED})")


def stages(driver: Chrome) -> dict[str, str]:
    rows = driver.find_elements("css selector", "#stages tr")
    return {row.find_element("tag name", "th").text: row.get_attribute("class") or "" for row in rows}


@pytest.fixture(scope="module")
def open_page(driver: Chrome, page: Path) -> Iterator[str]:
    with served(page) as address:
        opened(driver, address)
        yield address


def test_it_tests_itself(driver: Chrome, open_page: str) -> None:
    assert text(driver, "badge") == "✓ Self-test passed"
    found = stages(driver)
    assert len(found) == 8
    assert set(found.values()) == {"passed"}
    assert text(driver, "model").startswith("MixNet_S, FP32, by edgekit")


def test_a_chosen_photo_is_named(driver: Chrome, open_page: str, runner: Path, artifact: Path) -> None:
    for photo in PHOTOS:
        choose(driver, photo)
        _, document = run(runner, artifact, photo)
        expected = document["photos"][0]["classes"]
        assert text(driver, "label") == expected[0]["label"]
        rows = driver.find_elements("css selector", "#classes li")
        assert [row.find_element("class name", "name").text for row in rows] == [one["label"] for one in expected]
        shares = [row.find_element("class name", "share").text for row in rows]
        assert shares == [f"{100 * one['probability']:.1f} %" for one in expected]
        bar = rows[0].find_element("css selector", ".bar > span")
        whole = rows[0].find_element("class name", "bar")
        assert bar.size["width"] / whole.size["width"] == pytest.approx(expected[0]["probability"], abs=0.01)


def test_logits_are_the_native_runner_s(
    driver: Chrome, open_page: str, page: Path, runner: Path, artifact: Path, tmp_path: Path
) -> None:
    """Within FP32's limit, of the very files: decoded, prepared and computed in the browser."""
    manifest = load_artifact(artifact).manifest
    samples = np.stack([prepared(load_image(photo), manifest) for photo in PHOTOS])
    save_file({manifest.inputs[0].name: samples}, tmp_path / "in.safetensors")
    status, document = run(
        runner, "--run", tmp_path / "in.safetensors", "--outputs", tmp_path / "out.safetensors", artifact
    )
    assert status == 0, document
    native = load_file(tmp_path / "out.safetensors")["logits"]
    limit = manifest.verdicts[0].verdict.outputs["logits"].max_threshold
    for photo, expected in zip(PHOTOS, native, strict=True):
        shutil.copy(photo, page)
        answer = driver.execute_async_script(LOGITS, photo.name)
        assert not answer["error"]
        error = np.abs(np.array(answer["values"]) - expected).max() / np.abs(expected).max()
        assert error <= limit
        assert [one["index"] for one in answer["top"]] == np.argsort(-expected, kind="stable")[:5].tolist()
        (page / photo.name).unlink()


def test_a_jpeg_is_decoded_as_the_runner_does(
    driver: Chrome, open_page: str, runner: Path, artifact: Path, page: Path
) -> None:
    photo = page / "sample.jpg"
    Image.open(PHOTOS[1]).convert("RGB").save(photo, quality=87)
    answer = driver.execute_async_script(LOGITS, "sample.jpg")
    _, document = run(runner, artifact, photo)
    photo.unlink()
    native = document["photos"][0]["classes"]
    assert [one["name"] for one in answer["top"]] == [one["label"] for one in native]
    np.testing.assert_allclose(
        [one["probability"] for one in answer["top"]], [one["probability"] for one in native], rtol=1e-4, atol=1e-7
    )


def test_a_photo_is_dragged_in(driver: Chrome, open_page: str) -> None:
    choose(driver, PHOTOS[1])
    expected = text(driver, "classes")
    choose(driver, PHOTOS[0])
    assert text(driver, "classes") != expected
    driver.execute_script(DROP, list(PHOTOS[1].read_bytes()), "dragged.png")
    wait(driver, "document.getElementById('photo').alt === 'Your photo dragged.png'")
    assert text(driver, "classes") == expected
    assert text(driver, "message") == ""


def test_the_example_is_one_click_away(driver: Chrome, open_page: str) -> None:
    choose(driver, PHOTOS[0])
    driver.find_element("id", "example").click()
    wait(driver, "document.getElementById('photo').alt === 'Your photo example.png'")


def test_what_is_no_picture_is_said_and_the_next_photo_is_named(driver: Chrome, open_page: str, tmp_path: Path) -> None:
    choose(driver, PHOTOS[0])
    odd = {"letter.png": b"Dear model,\n", "empty.jpg": b"", "cut.png": PHOTOS[0].read_bytes()[:5000]}
    said = {"letter.png": "the photo is no JPEG and no PNG file", "empty.jpg": "no", "cut.png": "cut short"}
    for name, content in odd.items():
        (tmp_path / name).write_bytes(content)
        choose(driver, tmp_path / name)
        assert not driver.find_element("id", "result").is_displayed()
        sentence = text(driver, "message")
        assert sentence.startswith(f"{name}: ") and said[name] in sentence and sentence.endswith("."), sentence
    choose(driver, PHOTOS[0])
    assert text(driver, "message") == ""
    assert driver.find_element("id", "result").is_displayed()


def test_nothing_comes_from_elsewhere(driver: Chrome, open_page: str) -> None:
    """Every address that the page and its worker asked for is the server's or of this page's memory."""
    names = driver.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert names
    assert all(name.startswith((open_page, f"blob:{open_page}")) for name in names), names
    for path in (ROOT / "examples" / "web" / "page").iterdir():
        addresses = {word for word in path.read_text().replace('"', " ").split() if "://" in word}
        assert addresses <= {"http://www.w3.org/2000/svg"}, path


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_used_by_everybody(
    driver: Chrome, open_page: str, size: tuple[int, int], scheme: str
) -> None:
    """axe finds nothing, contrast included, and nothing is wider than the window."""
    resize(driver, size)
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    choose(driver, PHOTOS[0])
    wider = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = Axe().run(driver)["violations"]
    resize(driver, DESK)
    assert wider <= 0
    assert not found, json.dumps(found, indent=1)


# What may be wrong with the folder that is served.


def changed_byte(folder: Path) -> None:
    path = folder / "model" / "MixNet_S.ncnn.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(folder: Path) -> None:
    path = folder / "model" / "MixNet_S.ncnn.bin"
    path.write_bytes(path.read_bytes()[:-100])


def lost(folder: Path) -> None:
    (folder / "model" / "MixNet_S.ncnn.param").unlink()


def no_manifest(folder: Path) -> None:
    (folder / "model" / "manifest.json").write_text("<html>")


def no_program(folder: Path) -> None:
    path = folder / "edgekit.wasm"
    path.write_bytes(path.read_bytes()[:1000])


DAMAGE: dict[str, Callable[[Path], None]] = {
    "MixNet_S.ncnn.bin has been changed: its SHA-256": changed_byte,
    "MixNet_S.ncnn.bin is damaged: it has": cut,
    "model/MixNet_S.ncnn.param could not be fetched: the server says 404": lost,
    "manifest.json cannot be read: it is not JSON": no_manifest,
    "WebAssembly": no_program,
}


@pytest.mark.parametrize("said", DAMAGE)
def test_damage_is_said_in_a_sentence(driver: Chrome, page: Path, tmp_path: Path, said: str) -> None:
    folder = tmp_path / "page"
    shutil.copytree(page, folder)
    DAMAGE[said](folder)
    with served(folder) as address:
        opened(driver, address)
        assert said in text(driver, "message")
        assert said in text(driver, "verdict")
        assert text(driver, "badge") == "✗ Self-test failed"
        assert not driver.find_element("id", "file").is_enabled()
        assert text(driver, "model") == "No model is loaded."


def test_a_wrong_model_under_its_seal_is_red(driver: Chrome, page: Path, tmp_path: Path) -> None:
    """Hashes are right and one weight is not: the self-test says which stage fails."""
    folder = tmp_path / "page"
    shutil.copytree(page, folder)
    weights = folder / "model" / "MixNet_S.ncnn.bin"
    values = np.fromfile(weights, "<f4")
    values[-10:] += 0.5  # the bias of the classes
    values.tofile(weights)
    manifest: dict[str, Any] = json.loads((folder / "model" / "manifest.json").read_text())
    manifest["files"][weights.name]["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    (folder / "model" / "manifest.json").write_text(json.dumps(manifest))
    with served(folder) as address:
        opened(driver, address)
        assert text(driver, "badge") == "✗ Self-test failed"
        found = stages(driver)
        assert found["output logits"] == "failed"
        assert found["tensor"] == "passed"
        assert "do not trust its answers" in text(driver, "verdict")


def test_without_a_server_it_says_what_it_needs(driver: Chrome, page: Path) -> None:
    opened(driver, (page / "index.html").as_uri())
    assert "python3 -m http.server" in text(driver, "message")


def test_a_folder_of_somebody_else_is_not_overwritten(artifact: Path, session_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    answer = build(artifact, tmp_path, session_cache)
    assert answer.returncode == 2
    assert "is not empty, and no page of this example" in answer.stderr
    assert (tmp_path / "thesis.tex").read_text() == "mine"
