"""A tour can't touch real data: its play imports nothing that could, and a whole visit writes no row."""

import ast
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from markupsafe import escape
from sqlalchemy import create_engine, func, select

from marketplace import schema
from marketplace.kernel.db import Database
from marketplace.terminals.tour.needs import ASKED, NEEDS

FOLDER = Path(str(files("marketplace.terminals.tour")))
PURE = ("market", "matching", "model", "needs", "receipts", "robots", "story", "views", "ways")
OURS = {"Sec-Fetch-Site": "same-origin"}
_REACH_DATA = ("store", "tables", "service", "db", "work", "journal", "postgres", "schema", "wiring")


def _imports(path: Path) -> set[str]:
    """Return every module that a file imports, and every name that it takes from one, with dots."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_of_the_tour_imports_what_reaches_data(path: Path) -> None:
    reaching = {
        name
        for name in _imports(path)
        if name.split(".")[0] in {"sqlalchemy", "sqlmodel", "psycopg", "asyncpg", "httpx"}
        or any(part in _REACH_DATA for part in name.split("."))
    }
    assert reaching == set()


def test_the_play_loads_no_database_web_or_workshop_at_all() -> None:
    program = f"""
import importlib, sys
for name in {PURE!r}:
    importlib.import_module("marketplace.terminals.tour." + name)
bad = ("sqlalchemy", "sqlmodel", "psycopg", "asyncpg", "fastapi", "starlette", "httpx", "marketplace.kernel.work")
print([name for name in bad if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout.strip() == "[]"


def rows(database: Database) -> dict[str, int]:
    """Return how many rows each table holds."""
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        counted = {
            table.fullname: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.METADATA.sorted_tables
        }
    owner.dispose()
    return counted


def _posted(client: TestClient, path: str, **fields: str | list[str]) -> str:
    answer = client.post(path, data=fields, headers=OURS)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def _shown(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert str(answer.url).endswith(path), "led elsewhere"
    return str(answer.text)


def test_a_whole_visit_as_a_buyer_writes_no_row_and_ends_in_the_reveal(client: TestClient, database: Database) -> None:
    before = rows(database)
    assert "two minutes" in _shown(client, "/tour")
    _posted(client, "/tour/buyer")
    own = _posted(client, "/tour/buyer/need", need="offices")
    assert escape(NEEDS["offices"].company.name) in own
    assert "would not be published" in _shown(client, "/tour/buyer/anonymity?sentence=larkspur+and+hale")
    _shown(client, "/tour/buyer/rules")
    live = _posted(client, "/tour/buyer/rules", preset="rank_only")
    assert 'hx-trigger="every 2s"' in live
    assert "<html" not in _shown(client, "/tour/buyer/auction/live")
    closed = _posted(client, "/tour/buyer/jump")
    assert "every 2s" not in closed
    assert "proven" in _shown(client, "/tour/buyer/award")
    revealed = _posted(client, "/tour/buyer/award", way="cheapest")
    assert "1422 Lantern Street" in revealed
    assert rows(database) == before


def test_a_visit_as_a_carrier_writes_no_row_and_tells_the_name_to_the_winner_alone(
    client: TestClient, database: Database
) -> None:
    before = rows(database)
    company = ASKED.company
    private = (
        company.name,
        company.contact_name,
        company.contact_email,
        *(s.place.street for s in ASKED.content.sites),
    )
    seen = [_posted(client, "/tour/carrier")]
    seen += [_shown(client, f"/tour/carrier/{step}") for step in ("inbox", "request", "sheet")]
    seen += [_posted(client, "/tour/carrier/sheet", monthly=["751", "470", "470", "375"], once=["0"] * 4)]
    seen += [_posted(client, "/tour/carrier/price", price="70000"), _shown(client, "/tour/carrier/auction/live")]
    assert [text for text in private for page in seen if text in page] == []
    assert "70,000" in seen[-1]
    result = _posted(client, "/tour/carrier/jump")
    assert "not selected" in result
    assert not any(text in result for text in private)
    # lower than any robot goes: so this one wins and meets the buyer
    _posted(client, "/tour/carrier")
    _posted(client, "/tour/carrier/sheet", monthly=["400", "200", "200", "100"], once=["0"] * 4)
    won = _posted(client, "/tour/carrier/jump")
    assert company.name in won
    assert rows(database) == before


def test_a_sheet_with_a_slip_is_shown_again_with_what_was_typed(client: TestClient) -> None:
    _posted(client, "/tour/carrier")
    fields = {"monthly": ["751", "47o", "470", "375"], "once": ["0"] * 4}
    answer = client.post("/tour/carrier/sheet", data=fields, headers=OURS)
    assert answer.status_code == 422
    assert 'value="47o"' in answer.text
    assert "an amount above 0" in answer.text


def test_a_refused_price_says_the_rule_and_changes_nothing(client: TestClient) -> None:
    _posted(client, "/tour/carrier")
    _posted(client, "/tour/carrier/sheet", monthly=["751", "470", "470", "375"], once=["0"] * 4)
    held = client.cookies.get("tour-carrier")
    assert "decrement" in _posted(client, "/tour/carrier/price", price="80000")
    assert client.cookies.get("tour-carrier") == held


@pytest.mark.parametrize("path", ["/tour/buyer/auction", "/tour/buyer/result", "/tour/carrier/sheet"])
def test_without_a_tour_every_page_leads_to_the_beginning(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert str(answer.url).endswith("/tour")
    assert "Nothing of it was kept" in answer.text


def test_a_later_step_leads_to_the_one_that_was_reached(client: TestClient) -> None:
    _posted(client, "/tour/buyer")
    assert str(client.get("/tour/buyer/auction").url).endswith("/tour/buyer/need")
    _posted(client, "/tour/buyer/need", need="fleet")
    assert str(client.get("/tour/buyer/award").url).endswith("/tour/buyer/anonymity")


def test_another_site_can_make_no_move(client: TestClient) -> None:
    answer = client.post("/tour/buyer", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_ends(client: TestClient) -> None:
    answer = client.post("/tour/buyer", headers=OURS, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/tour/buyer" in cookie
    assert "max-age=3600" in cookie
