"""Files are read with limits and written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc import files
from absalloc.errors import BadInput, InternalError
from absalloc.files import decode, read_bytes, resolve, sha256, write_atomic
from absalloc.where import Where


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y\n1,2\n")
    assert read_bytes(path) == read_bytes(str(path)) == b"x,y\n1,2\n"
    assert read_bytes(path, limit=8) == b"x,y\n1,2\n"
    with pytest.raises(BadInput, match="has 8 bytes; at most 7"):
        read_bytes(path, limit=7)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no file '.*absent\.csv'"):
        read_bytes(tmp_path / "absent.csv")
    with pytest.raises(BadInput, match="is a folder; expected a file"):
        read_bytes(tmp_path)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(BadInput, match="The file is empty; expected a table"):
        read_bytes(tmp_path / "empty.csv", expected="a table")
    with pytest.raises(BadInput, match="The file cannot be read"):
        read_bytes(tmp_path / ("x" * 300))


def test_no_permission_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadInput, match="cannot be read: Permission denied"):
        read_bytes(path)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), min_size=1))
def test_utf8_comes_back(text: str) -> None:
    assert decode(text.encode(), "f") == (text, "utf-8-sig")
    assert decode(b"\xef\xbb\xbf" + text.encode(), "f") == (text, "utf-8-sig")


def test_gb18030_comes_back() -> None:
    text = "证券代码,原始权益人\n081900030.IB,某某公司\n"
    assert decode(text.encode("gb18030"), "f") == (text, "gb18030")


@pytest.mark.parametrize("data", [b"\xff\xfe\xff\xff", "证券".encode("utf-16"), b"PK\x03\x04\x00\x00", b"a\x00b"])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"f\.csv: The file is neither UTF-8 nor GB18030 text \(byte \d+\)"):
        decode(data, "f.csv")


def test_sha256() -> None:
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert sha256(b"x") == hashlib.sha256(b"x").hexdigest()


def test_writing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "plan.json"
    write_atomic(path, "城投")
    assert path.read_bytes() == "城投".encode()
    write_atomic(path, b"\x00\x01")
    assert path.read_bytes() == b"\x00\x01"
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == ["plan.json"]


@pytest.mark.parametrize("step", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, kind: type[BaseException]
) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise kind("planted")

    monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(kind, match="planted"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["plan.json"]


def test_shipped_data_that_is_nowhere_is_our_fault() -> None:
    from absalloc._resources import data_root

    with pytest.raises(InternalError, match="'no-such-folder' is neither inside the package") as caught:
        data_root("no-such-folder")
    assert caught.value.exit_code == 3


def test_a_path_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = Where("mandate.yaml", 3)
    monkeypatch.delenv("ABSALLOC_SHARED", raising=False)
    assert resolve(tmp_path, "${ABSALLOC_SHARED:-beside}/a.csv", where) == tmp_path / "beside" / "a.csv"
    monkeypatch.setenv("ABSALLOC_SHARED", str(tmp_path / "else"))
    assert resolve(tmp_path / "x", "${ABSALLOC_SHARED:-beside}/a.csv", where) == tmp_path / "else" / "a.csv"
    assert resolve(tmp_path, "plain.csv", where) == tmp_path / "plain.csv"
    monkeypatch.delenv("ABSALLOC_SHARED")
    with pytest.raises(BadInput, match=r"mandate.yaml:3.*ABSALLOC_SHARED.*not set"):
        resolve(tmp_path, "${ABSALLOC_SHARED}/a.csv", where)
