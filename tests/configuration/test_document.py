"""YAML from strangers: plain values, bounded, and every other thing one sentence."""

import time

import pytest

from edgekit.configuration.document import LARGEST_BYTES, read_document
from edgekit.errors import UsageError

# Nine times nine times nine ...: 9^20 values in 500 bytes.
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
)
# A chain: each list lies 30 deep and ends in the one before.
CHAIN = "a: &a 1\n" + "".join(
    f"{name}: &{name} {'[' * 30}*{before}{']' * 30}\n"
    for before, name in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
)


@pytest.fixture
def read(tmp_path):
    """Reads a document of the given bytes or text."""

    def reads(content):
        path = tmp_path / "model.yml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_document(path)

    return reads


def test_dates_are_text_and_tuples_are_lists(read):
    assert read("a: 2021-13-45\nb: 2021-11-05\nc: !!python/tuple [1, 2]\nd: &x [1]\ne: *x") == {
        "a": "2021-13-45", "b": "2021-11-05", "c": [1, 2], "d": [1], "e": [1],
    }  # fmt: skip


def test_huge_integers_are_text(read):
    found = read(f"a: {'1:' * 3000}1\nb: {1 << 63}\nc: {(1 << 63) - 1}\nd: {'1' * 5000}")
    assert [type(value) for value in found.values()] == [str, str, int, str]


def test_a_byte_order_mark_and_chinese_are_read(read):
    assert read("\ufeff名: 花卉") == {"名": "花卉"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BOMB, "stands for more than 200000 values"),
        (CHAIN, "lie more than 40 deep"),
        ("a: &a [*a]", "lie more than 40 deep"),
        ("a: " + "[" * 41 + "]" * 41, "lie more than 40 deep"),
        ("a: " + "[" * 100_000, "is not YAML"),
        ("- " * 100_000, "is not YAML|lie"),
        ("a: !!int x", "is not YAML that can be read"),
        ("a: !!bool x", "is not YAML that can be read"),
        ("a: !!python/object/apply:os.getpid []", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("? [a]\n: b", "unhashable"),
        ("a: [", "is not YAML"),
        ("a: *b", "undefined alias"),
        ("a: 1\n---\nb: 1", "single document"),
        ("- 1", "holds no table"),
        ("", "holds no table"),
        (b"a: \xff\xfe", "is not text in UTF-8. Save it as UTF-8"),
        ("名: 花".encode("gbk"), "is not text in UTF-8"),
        (b"a: \x00", "is not YAML"),
        (b"a" * (LARGEST_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_document_is_one_sentence(read, content, sentence):
    started = time.monotonic()
    with pytest.raises(UsageError, match=sentence) as caught:
        read(content)
    assert time.monotonic() - started < 5
    assert "model.yml" in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.message.isprintable()


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "model.yml").mkdir()
    with pytest.raises(UsageError, match=r"model\.yml is a folder, not a file"):
        read_document(tmp_path / "model.yml")
