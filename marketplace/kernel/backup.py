"""A backup: one file with the database, the signing keys, and by what a restored installation is known to be whole.

The keys are sealed with MARKETPLACE_SECRET, which is not in the file: without it, a backup opens no sealed bid and
signs nothing. Keep the secret apart from the backups.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Engine
from sqlmodel import Session

from marketplace.kernel import journal, postgres
from marketplace.kernel.clock import machine_now
from marketplace.kernel.config import Settings
from marketplace.kernel.privileges import SCHEMAS
from marketplace.kernel.sealing import SealBrokenError, Sealer

FORMAT = 1
_MANIFEST, _DUMP, _KEYS = "manifest.json", "database.dump", "keys/"
_PURPOSE = "backups"
_LARGEST_SMALL = 1024 * 1024
"""Bytes of a manifest or a key, at most."""


class WrongBackupError(Exception):
    """The file is no backup of this installation; the message says why. Nothing was changed."""


class NotWholeError(Exception):
    """What was restored is not what was saved; the message says where they differ."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: ``position`` and ``head`` are the journal's last stamped event before it was made."""

    format: int
    made_at: str
    revision: str
    position: int
    head: str
    dump_sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: whose backup it was, and how many events of how many streams are as they were written."""

    manifest: Manifest
    events: int
    streams: int
    keys: int


def write(settings: Settings, source: Path | str, app: Engine, revision: str, file: Path) -> Manifest:
    """Write a backup of a running installation; its users notice nothing.

    Args:
        settings: Of the installation; its folder holds the keys, its secret seals them.
        source: The database, as ``postgres.dump`` takes it.
        app: Connections to the same database that may read the journal.
        revision: The revision of the schema.
        file: The file to write, readable by its owner only; an older one is replaced when the new one is complete.

    Raises:
        PostgresError: The database could not be saved.
        OSError: The file could not be written.
    """
    with Session(app) as session:
        position = journal.last_position(session)
        head = journal.hash_at(session, position) or ""
    sealer = Sealer(settings, _PURPOSE)
    with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix="backup-") as folder:
        dump, partial = Path(folder) / _DUMP, Path(folder) / "backup.tar"
        postgres.dump(source, dump, binaries=settings.postgres_binaries)
        manifest = Manifest(FORMAT, machine_now().isoformat(), revision, position, head, _sha256(dump))
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            with tarfile.open(fileobj=handle, mode="w") as archive:
                _add(archive, _MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
                for key in sorted((settings.folder / "keys").glob("*.pem")):
                    _add(archive, _KEYS + key.name, sealer.seal(key.read_bytes()))
                archive.add(dump, _DUMP)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(file)
    return manifest


def restore(settings: Settings, target: Path | str, app: Engine, file: Path) -> Restored:
    """Replace the database by a backup's, put back missing keys, and verify every chain of the journal.

    Keys that the installation has are kept beside those of the backup. The servers and workers should not run.

    Raises:
        WrongBackupError: Nothing was changed.
        PostgresError: The database could not be restored and is as it was.
        NotWholeError: The database was replaced, and its journal is broken or ends before the backup was made.
    """
    with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix="restore-") as folder:
        dump = Path(folder) / _DUMP
        manifest, keys = _opened(file, dump, Sealer(settings, _PURPOSE))
        app.dispose()
        postgres.restore(target, dump, binaries=settings.postgres_binaries, schemas=SCHEMAS)
    _put_back(settings.folder / "keys", keys)
    with Session(app) as session:
        if manifest.position and journal.hash_at(session, manifest.position) != manifest.head:
            raise NotWholeError(f"The journal's event {manifest.position} is not the one that was saved.")
        report = journal.verify(session)
    if report.broken:
        raise NotWholeError(f"The journal is broken: {report.broken}.")
    return Restored(manifest, report.events, report.streams, len(keys))


def _opened(file: Path, dump: Path, sealer: Sealer) -> tuple[Manifest, dict[str, bytes]]:
    """Unpack a backup: the dump into a file, the rest is returned. Raises WrongBackupError."""
    try:
        with tarfile.open(file, mode="r:") as archive:
            manifest = Manifest(**json.loads(_small(archive, _MANIFEST)))
            names = [name for name in archive.getnames() if name.startswith(_KEYS)]
            keys = {_file_name(name): sealer.open(_small(archive, name)) for name in names}
            with dump.open("wb") as handle:
                _copy(_part(archive, _DUMP), handle)
    except SealBrokenError as error:
        raise WrongBackupError(f"The keys in {file} can't be opened: {error}.") from error
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise WrongBackupError(f"{file} is no backup: {error}") from error
    if manifest.format != FORMAT:
        raise WrongBackupError(f"{file} has the format {manifest.format}; this release reads {FORMAT}.")
    if _sha256(dump) != manifest.dump_sha256:
        raise WrongBackupError(f"{file} is damaged: the dump in it is not the one that was saved.")
    return manifest, keys


def _file_name(name: str) -> str:
    """Return the file name of a key in the archive. Raises ValueError for what leads elsewhere."""
    found = name.removeprefix(_KEYS)
    if Path(found).name != found or not found.endswith(".pem"):
        raise ValueError(f"{name} is no name of a key")
    return found


def _put_back(folder: Path, keys: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, pem in keys.items():
        file = folder / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(pem)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    item = tarfile.TarInfo(name)
    item.size, item.mode, item.mtime = len(content), 0o600, int(machine_now().timestamp())
    archive.addfile(item, io.BytesIO(content))


def _part(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file in it")
    return found


def _small(archive: tarfile.TarFile, name: str) -> bytes:
    content = _part(archive, name).read(_LARGEST_SMALL + 1)
    if len(content) > _LARGEST_SMALL:
        raise ValueError(f"{name} is too long")
    return content


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while piece := source.read(_LARGEST_SMALL):
        target.write(piece)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
