"""What each reader takes, and what it refuses and why."""

import struct
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from edgekit.errors import EdgekitError, UsageError
from edgekit.untrusted.files import read_bytes, read_text, resolved
from edgekit.untrusted.json_document import NotJson, check_depth, decode_json, encode_json, plain_json
from edgekit.untrusted.safetensors_header import checked_header, read_header
from edgekit.untrusted.toml_document import decode_toml
from edgekit.untrusted.values import Unusable, check_values
from edgekit.untrusted.wording import escaped_json, harmless, harmless_lines
from edgekit.untrusted.yaml_document import decode_yaml


class Point(Struct):
    """A shape to decode."""

    place: tuple[int, float]
    names: dict[int, str] = {}


# Files


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert read_bytes(path, 8) == b"12345678"
    with pytest.raises(UsageError, match="too large for a letter: more than 0 KiB"):
        read_bytes(path, 7, "letter")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("\ufeffx".encode())
    assert read_text(tmp_path / "file", 100) == "x"


@pytest.mark.parametrize("name", ["a\0b", "half\ud800", "x" * 5000, "no/where"])
def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_bytes(tmp_path / name, 10)
    assert caught.value.message.isprintable()


def test_links_in_a_loop_have_an_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert resolved(tmp_path / "a" / "c").is_absolute()


# JSON


def test_json_becomes_the_shape() -> None:
    assert decode_json(b'\xef\xbb\xbf{"place": [1, 2], "names": {"3": "x"}}', Point) == Point((1, 2.0), {3: "x"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"place": [1, 2], "place": [1, 2]}', "the key 'place' twice"),
        (b'{"place": [1, 2], "\\u0070lace": [1, 2]}', "the key 'place' twice"),
        (b'{"place": [1]}', "not what it should be"),
        (b'{"place": ["1", 2]}', "not what it should be"),
        (b'{"place": [18446744073709551616, 2]}', "more than 64 bits"),
        (b'{"place": [1, 1e999]}', "infinite"),
        (b'{"place": [1, NaN]}', "NaN"),
        (b'{"place": [1, ' + b"9" * 401 + b"]}", "a number of 401 characters"),
        (b'{"place": [1, 2], "names": {"1": "\\ud800"}}', "half a character"),
        (b"[" * 41 + b"]" * 41, "more than 40 deep"),
        (b'"\xff"', "not text in UTF-8"),
    ],
)
def test_json_that_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        decode_json(content, Point)


def test_what_is_no_json_is_told_apart() -> None:
    with pytest.raises(NotJson, match="line 2, column 1"):
        plain_json(b"[\nx]")


def test_brackets_in_strings_count_for_nothing() -> None:
    assert plain_json(b'["' + b"[" * 100 + rb"\"" + b"[" * 100 + b'"]') == ["[" * 100 + '"' + "[" * 100]
    assert plain_json(b"[" * 40 + b"]" * 40)


@pytest.mark.parametrize("content", [b'"' * (1 << 20), b'"\\' * (1 << 19), b'\\"' * (1 << 19), b"[]" * (1 << 19)])
def test_looking_at_the_depth_takes_time_by_the_size_alone(content: bytes) -> None:
    started = time.process_time()
    check_depth(content)
    assert time.process_time() - started < 10  # a hundredth of it here; with the square of the size, hours


def test_half_a_character_is_written_as_its_replacement() -> None:
    assert decode_json(encode_json({"a": Path("x\udcff"), "b\ud800": [1]}), dict) == {"a": "x\ufffd", "b\ufffd": [1]}


# TOML


def test_toml_is_read() -> None:
    text = "a.b = 1 # [[[[\nc = '''\n[[[' '''\nd = \"\\\"[[\"\n[[e.f]]\ng = [1.5, {h = true}]\n"
    found = {"a": {"b": 1}, "c": "[[[' ", "d": '"[[', "e": {"f": [{"g": [1.5, {"h": True}]}]}}
    assert decode_toml(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 41, "more than 40 deep"),
        ("a." * 41 + "b = 1", "more than 40 parts"),
        ("x = { " + "a . " * 41 + "b = 1 }", "more than 40 parts"),
        ("[" + "'a'." * 41 + "b]", "more than 40 parts"),
        ("a.b.c.d.e.f.g.h.i.j.k = {" + "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f = 1}", "deep"),
        ("a = 2021-11-05", "put it in quotes"),
        ("a = " + "9" * 5000, "impossible value"),
        ("a = 18446744073709551616", "64 bits"),
        ("a = nan", "infinite or none"),
    ],
)
def test_toml_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        decode_toml(text)


# YAML


def test_numbers_without_end_stay_what_is_written() -> None:
    assert decode_yaml("[.inf, 1.5, -.INF, .nan, 1:1:1, 0x10]") == [".inf", 1.5, "-.INF", ".nan", 3661, 16]


@pytest.mark.parametrize("text", ["- " * 50_000, "? " * 50_000, "[" * 50_000, "a: &a [*a]", "!!int x", "a: *b"])
def test_yaml_that_is_refused(text: str) -> None:
    with pytest.raises(Unusable):
        decode_yaml(text)


# safetensors

EMPTY = '{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}'


def test_a_header_is_read(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"a": np.zeros((2, 3), np.float16), "b": np.zeros((), np.int64)}, tmp_path / "x", {"c": "d"})
    found = read_header(tmp_path / "x")
    assert found.tensors == {"a": ("F16", (2, 3)), "b": ("I64", ())}
    assert found.metadata == {"c": "d"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', "take 4 bytes, and it has 8"),
        ('{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}', "has 8 bytes, which its shape does not fit"),
        ('{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}', "impossible shape"),
        ('{"a": {"dtype": "F32", "shape": [true, 2], "data_offsets": [0, 8]}}', "impossible shape"),
        ('{"a": {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]}}', "no known type"),
        ('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}', "overlap, or leave a gap"),
        (f'{{"a": {EMPTY}, "a": {EMPTY}}}', "twice"),
        ('{"__metadata__": {"a": 1}}', "not all text"),
    ],
)
def test_headers_that_are_refused(said: str, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        checked_header(said.encode(), 8)


def test_a_header_s_length_allocates_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with pytest.raises(UsageError, match="its length does not fit its header"):
        read_header(tmp_path / "x")


# Values and words


@pytest.mark.parametrize(
    "value", [{1: 2}, {"a": {1, 2}}, [b"x"], {"a": float("nan")}, 1 << 64, -(1 << 63) - 1, "\udc80"]
)
def test_what_no_document_may_hold(value: Any) -> None:
    with pytest.raises(Unusable):
        check_values(value)


def test_what_any_document_may_hold() -> None:
    check_values({"a": [1, 1.5, None, True, "名", (1 << 64) - 1, -(1 << 63)]})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a?[31mb"),
        ("a\nedgekit: passed", "a edgekit: passed"),
        ("a\u202eb\u2066\u200b\ufeff", "a?b???"),
        ("\x9b31m\x85\u2028\ud800", "?31m???"),
        ("a\u3000b\xa0c\tnew", "a b c new"),
        ("花 é ✓ [/red]", "花 é ✓ [/red]"),
    ],
)
def test_words_on_a_terminal(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert EdgekitError(text, text).message == shown
    assert EdgekitError(text, text).remedy == shown


def test_long_words_keep_their_ends() -> None:
    shown = harmless("a" * 5000 + "b")
    assert len(shown) <= 2000
    assert shown.startswith("aaa")
    assert shown.endswith("ab")


def test_the_lines_of_a_log_are_marked() -> None:
    assert harmless_lines("x\r\nedgekit: passed\r\x1b[2Jy\n\n", "| ") == "| x\n| edgekit: passed\n| ?[2Jy\n"


def test_json_on_a_terminal_means_the_same() -> None:
    text = '{"a": "花\u202e\x9b\U000e0001"}'
    shown = escaped_json(text)
    assert shown.isprintable()
    assert "花" in shown
    assert plain_json(shown.encode()) == plain_json(text.encode())
