"""What was taken from others is what the lock says, with its licence, and nothing of ours fetches from elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "marketplace" / "terminals" / "static"
LOCK = json.loads((STATIC / "vendor" / "vendor.lock").read_text("utf-8"))
ELSEWHERE = re.compile(
    r"""(?:url\(\s*|(?:src|href)\s*=\s*|@import\s+|import\s*\(?\s*|fetch\(\s*)["'`]?(?:https?:)?//"""
)


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["file"])
def test_vendored_file_is_the_locked_one_and_has_its_licence(entry: dict[str, str]) -> None:
    assert hashlib.sha256((STATIC / "vendor" / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (ROOT / entry["licence_file"]).stat().st_size > 0
    assert entry["licence"] in {"0BSD", "OFL-1.1", "MIT", "ISC"}


def test_every_vendored_file_and_licence_is_locked() -> None:
    files = {path.name for path in (STATIC / "vendor").iterdir()} - {"vendor.lock"}
    assert files == {entry["file"] for entry in LOCK}
    assert {f"LICENSES/{path.name}" for path in (ROOT / "LICENSES").iterdir()} == {e["licence_file"] for e in LOCK}


@pytest.mark.parametrize(
    "source",
    [
        'a { background: url("https://cdn.example/x.png") }',
        "<img src='//cdn.example/x.png'>",
        "@import '//cdn.example/x'",
    ],
)
def test_an_address_elsewhere_would_be_found(source: str) -> None:
    assert ELSEWHERE.search(source)


def test_our_own_style_and_scripts_name_no_address_elsewhere() -> None:
    ours = [
        path
        for path in STATIC.rglob("*")
        if path.suffix in {".css", ".js", ".svg"} and path.relative_to(STATIC).parts[0] != "vendor"
    ]
    assert ours
    assert not {path.name: found for path in ours if (found := ELSEWHERE.findall(path.read_text("utf-8")))}


def test_the_stream_comes_in_the_same_file_as_the_core() -> None:
    script = (STATIC / "vendor" / "htmx-with-stream.js").read_text("utf-8")
    assert script.index("htmx=") < script.index("registerExtension", script.index("sse") - 5000)
    assert "sse-connect" in script
    assert "sourceMappingURL" not in script


def test_icons_are_symbols_that_take_the_colour_of_their_text() -> None:
    sprite = (STATIC / "vendor" / "icons.svg").read_text("utf-8")
    names = re.findall(r'<symbol id="([a-z0-9-]+)" viewBox="0 0 24 24"', sprite)
    assert len(names) == len(set(names)) == sprite.count("</symbol>")
    assert {"gavel", "shield-lock", "eye-off", "clock", "file-spreadsheet", "sun", "moon"} <= set(names)
    assert sprite.count('stroke="currentColor"') == len(names)
