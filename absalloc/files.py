"""Reading with limits and writing atomically: a file is whole or untouched."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from absalloc.errors import BadInput, nearest
from absalloc.where import Where

MAX_DATA_BYTES = 100_000_000
MAX_YAML_BYTES = 4_000_000
WITHIN = "ABSALLOC_WITHIN"
"""Environment variable: folders, joined as in PATH, outside of which no file of a user is read."""
_UMASK = os.umask(0o077)
os.umask(_UMASK)
"""What this process keeps from others in files that it makes; it can be asked for only by setting it."""
_PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")


def resolve(folder: str | Path, written: str, where: Where) -> Path:
    """Return the path that a file in ``folder`` names: absolute, or relative to that folder.

    ``${NAME}`` is taken from the environment, ``${NAME:-default}`` with a default. Raises BadInput for a name
    that is not set.
    """

    def value(found: re.Match[str]) -> str:
        name, default = found.groups()
        result = os.environ.get(name) or default
        if result is None:
            raise BadInput("base.environment_unset", where=where, value=name)
        return result

    return Path(folder) / _PLACEHOLDER.sub(value, written)


def read_bytes(path: str | Path, limit: int = MAX_DATA_BYTES, expected: str = "data") -> bytes:
    """Return the bytes of a file.

    Raises BadInput where it is missing, a folder, empty, unreadable, longer than ``limit`` bytes, or outside the
    folders that ``ABSALLOC_WITHIN`` allows.
    """
    path = Path(path)
    try:
        return _read(path, limit, expected)
    except OSError as error:  # no permission, a name too long, a disk gone
        raise BadInput("base.file_unreadable", where=Where(str(path)), problem=error.strerror) from None


def _read(path: Path, limit: int, expected: str) -> bytes:
    allowed = os.environ.get(WITHIN)
    if allowed is not None:
        real = path.resolve()
        if not any(real.is_relative_to(Path(root).resolve()) for root in allowed.split(os.pathsep) if root):
            raise BadInput("base.file_outside", where=Where(str(path)), value=str(path))
    if path.is_dir():
        raise BadInput("base.file_folder", where=Where(str(path)), value=str(path), expected=expected)
    if not path.is_file():
        raise BadInput("base.file_missing", where=Where(str(path)), value=str(path), choices=_beside(path))
    size = path.stat().st_size
    if size == 0:
        raise BadInput("base.file_empty", where=Where(str(path)), expected=expected)
    if size > limit:
        raise BadInput("base.file_too_large", where=Where(str(path)), size=size, limit=limit)
    return path.read_bytes()


def _beside(path: Path) -> list[str]:
    """Return the file in the same folder whose name is nearest, written as ``path`` is; none where there is none."""
    try:
        names = [entry.name for entry in os.scandir(path.parent) if entry.is_file()]
    except OSError:
        return []
    found = nearest(path.name, names)
    return [] if found is None else [str(path.with_name(found))]


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Return (text, encoding) of UTF-8 (with or without BOM) or GB18030 bytes.

    Raises BadInput where they are neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            position = error.start
            continue
        if "\x00" in text:
            position = text.index("\x00")
            break
        return text, encoding
    raise BadInput("base.not_text", where=Where(name), position=position)


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def write_atomic(path: str | Path, data: str | bytes) -> None:
    """Write ``data`` (text as UTF-8) so that a reader sees the old file or the whole new one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data.encode("utf-8") if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_UMASK)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
