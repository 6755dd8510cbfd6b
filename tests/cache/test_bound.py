"""How large the cache may become."""

from pathlib import Path

import pytest

from edgekit.cache.bound import VARIABLE, cache_bound, parse_size
from edgekit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20 * 10**9),
        ("1.5 TiB", 3 * 2**39),
        ("500m", 5 * 10**8),
        ("7", 7),
        ("0", 0),
        ("2KiB", 2048),
        ("None", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text, "--max-size") == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1e9", "20 GBs", "٣GB", "9" * 5000, "nan", "1.5.2G"])
def test_what_is_no_size_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--max-size is no size"):
        parse_size(text, "--max-size")


def test_the_variable_before_the_settings_before_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "settings.toml"
    monkeypatch.setattr("edgekit.cache.bound.settings_file", lambda: settings)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert cache_bound() == 20 * 10**9
    settings.write_text('[cache]\nmax_size = "3GB"\n')
    assert cache_bound() == 3 * 10**9
    settings.write_text("[other]\n")
    assert cache_bound() == 20 * 10**9
    monkeypatch.setenv(VARIABLE, "none")
    assert cache_bound() is None
    monkeypatch.setenv(VARIABLE, "much")
    with pytest.raises(UsageError, match=VARIABLE):
        cache_bound()


@pytest.mark.parametrize(
    "content", [b"\xff", b"[cache", b"cache = 3", b'[cache]\nmax_size = "much"', b"a = " + b"[" * 9999]
)
def test_settings_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_bytes(content)
    monkeypatch.setattr("edgekit.cache.bound.settings_file", lambda: settings)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError, match=r"settings\.toml"):
        cache_bound()
