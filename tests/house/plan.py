"""The house as its tests see it: modules with their syntax trees, rooms, routes, and the committed lists."""

import ast
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from marketplace import wiring
from marketplace.kernel.access import Policy

ROOT = Path(__file__).parents[2]
LISTS = Path(__file__).parent
PACKAGES = ("marketplace", "buyers", "sellers", "matching", "notifications")
HOLDERS = frozenset({"marketplace", "buyers"})
"""Packages that hold rooms; the other packages are rooms themselves."""
ROOF = frozenset({"marketplace.cli", "marketplace.demo", "marketplace.players", "marketplace.replay"})
"""Packages of the roof: they see all rooms, or talk to them over the API like a stranger."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the product, parsed."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room that it belongs to; empty: the roof, where all rooms meet."""
        return room_of(self.name)


def room_of(name: str) -> str:
    """Return the room of a module, such as ``buyers.desk`` or ``sellers``; empty for the roof and the holders."""
    parts = name.split(".")
    if parts[0] not in HOLDERS:
        return parts[0]
    room = ".".join(parts[:2])
    return room if room in rooms() else ""


@cache
def rooms() -> frozenset[str]:
    """Return the names of all rooms: packages in a holder, but for the roof's, and packages beside it."""
    inside = {
        f"{holder}.{folder.name}"
        for holder in HOLDERS
        for folder in (ROOT / holder).iterdir()
        if (folder / "__init__.py").exists()
    }
    return frozenset((inside | set(PACKAGES) - HOLDERS) - ROOF)


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the five packages."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path))))
    return tuple(found)


@cache
def module_names() -> frozenset[str]:
    """Return the names of every module of the five packages."""
    return frozenset(module.name for module in modules())


def imports_of(module: Module) -> Iterator[tuple[str, int]]:
    """Yield the product's modules that ``module`` imports, each with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in module_names() else node.module for name in names]
        else:
            continue
        yield from ((name, node.lineno) for name in names if name in module_names())


def routes() -> list[APIRoute]:
    """Return every route of the application."""
    return [route for router in wiring.ROUTERS for route in _routes(router)]


def _routes(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        assert isinstance(route, APIRoute), f"{route!r} is not an API route: teach this function to look inside"
        yield route


def policies(dependant: Dependant) -> list[Policy]:
    """Return the policies among the dependencies of a route, however deep."""
    own = [dependant.call] if isinstance(dependant.call, Policy) else []
    return own + [policy for inner in dependant.dependencies for policy in policies(inner)]


def tracked_files() -> list[Path]:
    """Return every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git of the machine
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def compare_with_list(name: str, lines: list[str]) -> None:
    """Fail unless ``lines`` are those of the committed list ``name``; with WRITE_LISTS=1 write the list instead."""
    path = LISTS / name
    text = "".join(f"{line}\n" for line in lines)
    if os.environ.get("WRITE_LISTS"):
        path.write_text(text, encoding="utf-8")
        return
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    new = sorted(set(text.splitlines()) - set(committed.splitlines()))
    gone = sorted(set(committed.splitlines()) - set(text.splitlines()))
    assert text == committed, (
        f"tests/house/{name} is not what the code says. Read every line, and if it is meant:\n"
        "    WRITE_LISTS=1 .venv/bin/pytest tests/house -k lists\n"
        + "\n".join([f"+ {x}" for x in new] + [f"- {x}" for x in gone])
    )
