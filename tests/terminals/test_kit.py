"""The kit: every macro looks right to axe in both themes, works by keyboard, and stays within its weight."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.terminals.conftest import Open, faults_of, is_too_wide

TERMINALS = Path(__file__).parents[2] / "marketplace" / "terminals"
HTMX = TERMINALS / "static" / "vendor" / "htmx-with-stream.js"
MOST_SCRIPT = 25 * 1024
"""Bytes of all scripts that a page loads, packed, htmx among them."""
MOST_STYLE = 20 * 1024
"""With scripts, font and signs well within the 150 KB of a first load."""


def _packed(kind: str) -> int:
    """Return the bytes, packed, of all own files of a kind that the frame of every page loads."""
    frame = (TERMINALS / "templates" / "layouts" / "base.html").read_text(encoding="utf-8")
    names = re.search(rf"for {kind} in \(([^)]*)\)", frame)
    assert names is not None
    folder, suffix = {"script": ("script", ".js"), "sheet": ("style", ".css")}[kind]
    paths = [TERMINALS / "static" / folder / (name + suffix) for name in re.findall(r"'([^']+)'", names[1])]
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_every_macro_has_no_fault_that_axe_knows_and_never_scrolls_sideways(
    open_page: Open, theme: str, width: int
) -> None:
    page = open_page("/kit", theme=theme, width=width)
    expect(page.locator("h1")).to_be_visible()
    assert faults_of(page) == []
    assert not is_too_wide(page)


def test_summary_of_errors_takes_the_focus_and_leads_to_its_field(open_page: Open) -> None:
    page = open_page("/kit")
    expect(page.locator("#problems")).to_be_focused()
    page.locator("#problems a").first.click()
    expect(page.locator("#f-email")).to_be_focused()
    expect(page.locator("#f-email")).to_have_accessible_description(re.compile("Write an e-mail address"))


def test_dialog_opens_closes_by_escape_and_gives_the_focus_back(open_page: Open) -> None:
    page = open_page("/kit")
    opener = page.get_by_role("button", name="Pause", exact=True)
    opener.click()
    dialog = page.get_by_role("dialog", name="Pause the auction?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_clock_runs_and_a_paused_clock_stands_still(open_page: Open) -> None:
    page = open_page("/kit")
    running = page.locator("#clock .clock-figures")
    before = running.inner_text()
    expect(running).not_to_have_text(before)
    expect(page.locator("#clock-paused .clock-figures")).to_have_text("1:28")


def test_live_chip_says_live_only_after_a_message(open_page: Open) -> None:
    page = open_page("/kit")
    chip = page.locator("live-chip").first
    expect(chip).to_have_text("Connecting…")
    chip.dispatch_event("htmx:sse:after:message")
    expect(chip).to_have_text("Live")


def test_grid_takes_a_block_from_a_spreadsheet_and_keeps_what_lies_beside_it(open_page: Open) -> None:
    page = open_page("/kit")
    cells = page.locator("paste-grid tbody input")
    cells.nth(0).focus()
    cells.nth(0).evaluate(
        """cell => {
            const data = new DataTransfer();
            data.setData("text/plain", "3400.00\\n2100.00\\n");
            cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(cells.nth(0)).to_have_value("3400.00")
    expect(cells.nth(2)).to_have_value("2100.00")
    expect(cells.nth(1)).to_have_value("1000")
    page.keyboard.press("Enter")
    expect(cells.nth(2)).to_be_focused()


def test_keys_walk_through_a_list_and_can_be_switched_off(open_page: Open) -> None:
    page = open_page("/kit")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.at")).to_contain_text("Cascadia Telecom")
    page.evaluate("localStorage.setItem('single-keys', 'off')")
    page.keyboard.press("j")
    expect(page.locator("tr.at")).to_contain_text("Cascadia Telecom")


def test_no_template_holds_script_or_style_inline() -> None:
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=[\"']|<script(?![^>]*\ssrc=)|javascript:")
    found = [
        path.name
        for path in (TERMINALS / "templates").rglob("*.html")
        if inline.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_own_scripts_and_styles_stay_within_their_weight() -> None:
    assert _packed("script") + len(gzip.compress(HTMX.read_bytes())) <= MOST_SCRIPT
    assert _packed("sheet") <= MOST_STYLE
