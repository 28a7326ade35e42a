"""What no module may do, wherever it is: ask for the time, glue SQL together, go without a docstring."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.plan import ROOT, Module, modules

CLOCK = "marketplace.kernel.clock"
ASKING = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.perf_counter",
        "time.sleep",
    }
)
GLUED = (ast.JoinedStr, ast.BinOp)
NAMES_FROM_METADATA = frozenset({"marketplace.kernel.privileges"})
"""Roles, schemas and tables can't be parameters; there they come from the tables' own metadata."""


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call of a module with the last two parts of what is called, such as ``datetime.now``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, ".".join(ast.unparse(node.func).split(".")[-2:])


def _where(module: Module, node: ast.AST) -> str:
    return f"{module.path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_module_opens_with_what_belongs_in_it(module: Module) -> None:
    assert (ast.get_docstring(module.tree) or "").strip().endswith((".", "``.")), f"{module.path}: one sentence"


def test_only_the_clock_asks_for_the_time() -> None:
    asked = [
        f"{_where(module, node)} calls {name}"
        for module in modules()
        if module.name != CLOCK
        for node, name in _calls(module)
        if name in ASKING
    ]
    assert not asked, "take `work.now`, or ask marketplace.kernel.clock:\n" + "\n".join(asked)


def test_only_the_clock_imports_the_functions_of_time() -> None:
    imported = [
        _where(module, node)
        for module in modules()
        if module.name != CLOCK
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.ImportFrom) and node.module == "time")
        or (isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names))
    ]
    assert not imported, "\n".join(imported)


def test_sql_is_never_glued_together() -> None:
    glued = [
        f"{_where(module, node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        if module.name not in NAMES_FROM_METADATA and module.room != "marketplace.terminals"  # pages know no SQL
        for node, name in _calls(module)
        if name.split(".")[-1] in {"text", "exec_driver_sql"} and node.args
        if isinstance(node.args[0], GLUED) and any(isinstance(part, ast.Name) for part in ast.walk(node.args[0]))
    ]
    assert not glued, "SQL takes parameters:\n" + "\n".join(glued)


def test_the_folder_of_migrations_does_not_shadow_its_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists(), "with it `import alembic` would get our folder"
