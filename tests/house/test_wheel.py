"""What is shipped: the five packages with their migrations, which start in an environment that has nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.plan import PACKAGES, ROOT


def _run(*command: str | Path, folder: Path, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{' '.join(str(part) for part in command)}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_five_packages_and_the_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/", 1)[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    shipped = {name for name in names if name.endswith(".py") and not name.startswith("marketplace/_migrations/")}
    ours = {str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert shipped == ours
    migrations = {str(path.relative_to(ROOT / "alembic")) for path in (ROOT / "alembic").rglob("*.py")}
    assert {f"marketplace/_migrations/{name}" for name in migrations} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "alembic/")) or "__pycache__" in name]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the wheel and what it asks for, in the versions of this one; ends what it started."""
    folder = tmp_path_factory.mktemp("installed")
    constraints = folder / "constraints.txt"
    pinned = {f"{one.name}=={one.version}\n" for one in metadata.distributions() if one.name != "tenderline"}
    constraints.write_text("".join(sorted(pinned)), encoding="utf-8")
    python = folder / "venv" / "bin" / "python"
    uv = shutil.which("uv")
    if uv is not None and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603 - found on the path
        _run(uv, "venv", "--python", sys.executable, folder / "venv", folder=folder)
        _run(uv, "pip", "install", "--python", python, "-c", constraints, wheel, folder=folder)
    else:
        _run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
        _run(python, "-m", "pip", "install", "--quiet", "-c", constraints, wheel, folder=folder)
    yield folder
    _run(folder / "venv" / "bin" / "marketplace", "db", "stop", folder=folder, environment=_environment(folder))


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "COLUMNS": "120"}


def test_the_wheel_starts_in_an_empty_environment(installed: Path) -> None:
    marketplace = installed / "venv" / "bin" / "marketplace"
    environment = _environment(installed)
    assert "Tenderline" in _run(marketplace, "--help", folder=installed, environment=environment)
    _run(marketplace, "db", "start", folder=installed, environment=environment)
    told = _run(marketplace, "doctor", folder=installed, environment=environment)
    assert "wrong" not in told
    assert "can't see the registry" in told
