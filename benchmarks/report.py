"""What was measured, against its goals: a table for people and JSON for programs."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

_LARGE = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``goal`` says in words what it should be; it is empty and ``met`` None without one."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


def at_least(name: str, value: float, unit: str, least: float, *, valid: bool = True) -> Figure:
    """Return a figure that should be ``least`` or more; what isn't ``valid`` never meets its goal."""
    return Figure(name, value, unit, f"at least {shown(least)}", valid and value >= least)


def at_most(name: str, value: float, unit: str, most: float, *, valid: bool = True) -> Figure:
    """Return a figure that should be ``most`` or less."""
    return Figure(name, value, unit, f"at most {shown(most)}", valid and value <= most)


def below(name: str, value: float, unit: str, limit: float, *, valid: bool = True) -> Figure:
    """Return a figure that should be less than ``limit``."""
    return Figure(name, value, unit, f"under {shown(limit)}", valid and value < limit)


@dataclass(slots=True)
class Report:
    """All figures of one run, and what explains them: remarks on validity, and profiles."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[Figure]:
        """The figures that don't reach their goals."""
        return [figure for figure in self.figures if figure.met is False]

    def show(self, console: Console) -> None:
        """Print the table and the remarks."""
        table = Table(title=self.title, title_justify="left")
        for heading in ("figure", "value", "unit", "goal", ""):
            table.add_column(heading, justify="right" if heading == "value" else "left")
        for figure in self.figures:
            mark = {True: "met", False: "[bold]missed[/bold]", None: ""}[figure.met]
            table.add_row(figure.name, shown(figure.value), figure.unit, figure.goal, mark)
        console.print(table)
        for remark in self.remarks:
            console.print(remark, markup=False, highlight=False, soft_wrap=True)

    def write(self, file: Path) -> None:
        """Write the figures as JSON: ``{"figures": [{"name", "value", "unit", "goal", "met"}], "remarks": [...]}``."""
        document = {"figures": [asdict(figure) for figure in self.figures], "remarks": self.remarks}
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def shown(value: float) -> str:
    """Return a value with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= _LARGE or value == int(value) else f"{value:.2f}"
