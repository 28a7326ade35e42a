"""The request wizard in a browser: from a title to the publication, and what can go wrong on the way."""

import io
import re
from dataclasses import dataclass

import openpyxl
from playwright.sync_api import Page, expect

from marketplace.demo import cast
from tests.terminals.conftest import BUYER, PATIENCE_MS, Open, Site, faults_of

expect.set_options(timeout=PATIENCE_MS)

PASTED = (
    "HQ\t1 Main St\tChicago\tIL\t60601\t1000\n"
    "Depot\t5 Oak St\tNashville\tTenn\t37201\t200\n"
    "Lab\t9 Elm St\tBoston\tMA\t2110\t500"
)
GOOD = PASTED.replace("Tenn", "TN")
STEPS = ("basics", "sites", "services", "features", "billing", "carriers", "review", "rehearsal")


@dataclass
class Hands:
    """Somebody at a page, whose clicks and keys are counted: a field takes a click and what is typed or pasted."""

    page: Page
    clicks: int = 0
    keys: int = 0

    def click(self, name: str, role: str = "button") -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    def type(self, label: str, text: str, *, focused: bool = False, pasted: bool = False) -> None:
        self.clicks += not focused
        self.keys += 2 if pasted else len(text)
        self.page.get_by_label(label).first.fill(text)


def begun(page: Page, site: Site, title: str = "Internet for three branches", rows: str = GOOD) -> str:
    """Return the address of a new draft with three sites and their lines, made by the wizard's own forms."""
    headers = {"Origin": site.url}
    basics = {"title": title, "term_months": "36", "disclosure": "postal code", "description": "", "start_date": ""}
    made = page.request.post("/b/requests/new", form=basics, headers=headers)
    base = made.url.removeprefix(site.url).removesuffix("/sites")
    if rows:
        page.request.post(f"{base}/sites-rows", multipart={"text": rows}, headers=headers)
    return base


def test_a_first_request_of_three_sites_takes_few_clicks(open_page: Open) -> None:
    page = open_page("/b/requests/new", BUYER)
    hands = Hands(page)

    hands.type("Title", "Internet for three branches", focused=True)
    expect(page).to_have_url(re.compile(r"/edit/basics$"))  # kept before anything was pressed
    hands.click("Continue: Sites")
    hands.type("Rows from a spreadsheet", PASTED, pasted=True)
    hands.click("Add rows")
    expect(page.get_by_role("heading", name="1 row to mend")).to_be_visible()
    expect(page.get_by_text("2 good rows are in already")).to_be_visible()
    hands.type("State, row 1", "TN")
    hands.click("Add the mended row")
    expect(page.get_by_role("heading", name="3 sites")).to_be_visible()
    for step in ("Services", "Features", "Billing and usage", "Carriers and auction", "Review"):
        hands.click(f"Continue: {step}")
        expect(page.locator("[aria-current=step]")).to_contain_text(step)
    publish = page.get_by_role("button", name=re.compile("^Publish to about"))
    expect(publish).to_be_visible()
    hands.clicks += 1
    publish.click()

    expect(page.get_by_text(re.compile("^Published. The carriers it suits"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("open")
    # a click to leave each of 7 steps, 4 for the rows and the one to mend; keys: the title, one paste, two letters
    assert (hands.clicks, hands.keys) == (11, 31)


def test_what_is_typed_is_kept_and_what_is_wrong_is_told_where_it_is(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site, rows="")
    page.goto(f"{base}/basics")

    page.get_by_label("Term").fill("400")
    page.get_by_label("Anything carriers should know").fill("Two floors each.")
    expect(page.locator("#draft-wrong")).to_contain_text("120")
    expect(page.locator("[data-saved]")).to_have_text("Not saved yet")
    page.get_by_role("button", name="Continue: Sites").click()
    expect(page.locator("#problems")).to_be_focused()
    expect(page.get_by_label("Term")).to_have_value("400")
    expect(page.locator("#f-term_months")).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Term").fill("24")
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))
    page.goto(f"{base}/basics")
    expect(page.get_by_label("Term")).to_have_value("24")
    expect(page.get_by_label("Anything carriers should know")).to_have_value("Two floors each.")


def test_who_signs_in_again_over_the_page_loses_nothing_of_what_was_typed(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    page.goto(f"{begun(page, site, rows='')}/basics")
    page.context.clear_cookies()

    page.get_by_label("Anything carriers should know").fill("Typed when the session was over.")
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible()
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in").click()
    beside = opened.value
    beside.get_by_label("E-mail").fill(BUYER)
    beside.get_by_label("Password").fill(cast.PASSWORD)
    beside.get_by_role("button", name="Sign in").click()
    expect(beside).to_have_url(re.compile(r"/b$"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as coming back from the other tab does

    expect(dialog).to_be_hidden()
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))
    page.reload()
    expect(page.get_by_label("Anything carriers should know")).to_have_value("Typed when the session was over.")


def test_a_name_in_a_text_is_told_while_typing_and_may_stand_only_if_one_says_so(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site)
    page.goto(f"{base}/basics")

    page.get_by_label("Title").fill("Internet for Silverline")
    expect(page.locator("#beside-basics")).to_contain_text("“Silverline” may give you away")
    page.goto(f"{base}/review")
    page.get_by_role("button", name=re.compile("^Publish")).click()
    expect(page.locator("#problems")).to_contain_text("Silverline")
    page.get_by_label(re.compile("I take responsibility")).check()
    page.get_by_role("button", name=re.compile("^Publish")).click()
    expect(page.get_by_text(re.compile("^Published. The"))).to_be_visible()


def test_two_windows_on_one_step_never_overwrite_each_other_unasked(open_page: Open, site: Site) -> None:
    mine = open_page("/b", BUYER)
    base = begun(mine, site, rows="")
    mine.goto(f"{base}/basics")
    theirs = open_page(f"{base}/basics", BUYER)
    theirs.get_by_label("Title").fill("Theirs")
    expect(theirs.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d"))

    mine.get_by_label("Title").fill("Mine")
    expect(mine.locator("#draft-wrong")).to_contain_text("changed elsewhere")
    mine.get_by_role("button", name="Keep mine").click()
    expect(mine).to_have_url(re.compile("/edit/sites$"))
    theirs.reload()
    expect(theirs.get_by_label("Title")).to_have_value("Mine")

    # another step is nobody's conflict
    theirs.goto(f"{base}/billing")
    mine.goto(f"{base}/basics")
    theirs.get_by_label("Purchase-order number").fill("4711")
    expect(theirs.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d"))
    mine.get_by_label("Title").fill("Mine again")
    expect(mine.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d"))


def test_a_request_is_made_without_scripts(open_page: Open) -> None:
    page = open_page("/b/requests/new", BUYER, scripts=False)

    page.get_by_label("Title").fill("Internet without scripts")
    page.get_by_role("button", name="Continue: Sites").click()
    page.get_by_label("Rows from a spreadsheet").fill(
        "HQ, 1 Main St, Chicago, IL, 60601\nLab, 9 Elm St, Boston, MA, 02110"
    )
    page.get_by_role("button", name="Add rows").click()
    page.get_by_role("button", name="Continue: Services").click()
    page.get_by_label("Size").fill("500")
    page.get_by_role("button", name="Add the lines").click()
    expect(page.get_by_role("heading", name="2 lines")).to_be_visible()
    for step in ("Features", "Billing and usage", "Carriers and auction", "Review"):
        page.get_by_role("button", name=f"Continue: {step}").click()
    page.get_by_role("button", name=re.compile("^Publish")).click()
    expect(page.get_by_text(re.compile("^Published. The"))).to_be_visible()


def test_the_keyboard_is_enough_for_the_beginning(open_page: Open) -> None:
    page = open_page("/b/requests/new", BUYER)

    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("By keyboard alone")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/edit/sites$"))
    page.get_by_label("Rows from a spreadsheet").focus()
    page.keyboard.insert_text(GOOD)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3 sites")).to_be_visible()


def test_a_workbook_of_sites_comes_in_and_a_site_that_cannot_be_placed_is_corrected(
    open_page: Open, site: Site
) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site, rows="")
    book = openpyxl.Workbook()
    for row in (["Name", "Address", "City", "State", "Zip"], ["Mill", "4 Weir Rd", "Nowhere Falls", "IL", None]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    page.goto(f"{base}/sites")

    page.locator("input[type=file]").set_input_files({"name": "sites.xlsx", "mimeType": "", "buffer": file.getvalue()})
    page.get_by_role("button", name="Add rows").click()
    row = page.get_by_role("row", name=re.compile("Mill"))
    expect(row).to_contain_text("be placed")
    row.get_by_role("link", name="Mill").click()
    page.get_by_label("City").first.fill("Chicago")
    page.get_by_label("ZIP code").first.fill("60601")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("row", name=re.compile("Mill"))).to_contain_text("OK")
    expect(page.get_by_role("row", name=re.compile("Mill"))).to_contain_text("S1 · Chicago, IL 60601")


def test_columns_that_nobody_can_guess_are_named_by_hand(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    page.goto(f"{begun(page, site, rows='')}/sites")

    page.get_by_label("Rows from a spreadsheet").fill("north;aa\nsouth;bb")
    page.get_by_role("button", name="Add rows").click()
    page.get_by_label("Column 1 is").select_option("label")
    page.get_by_label("Column 2 is").select_option("city")
    page.get_by_role("button", name="Read 2 rows").click()
    expect(page.get_by_role("heading", name="2 sites")).to_be_visible()


def test_carriers_at_each_site_are_counted_beside_it(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    page.goto(f"{begun(page, site)}/sites")
    page.get_by_role("link", name="Count the carriers at each site").click()
    expect(page.get_by_role("columnheader", name="Carriers there")).to_be_visible()
    expect(
        page.locator("tbody td:last-child", has_text=re.compile(r"\d+ on-net, \d+ near-net|none says so"))
    ).to_have_count(3)
    expect(page.get_by_role("link", name="Count the carriers at each site")).to_have_count(0)
    assert faults_of(page) == []


def test_lines_are_grouped_changed_and_described_together(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site)
    page.goto(f"{base}/services")

    page.get_by_label("Choose L1").check()
    page.get_by_label("Choose L2").check()
    page.get_by_text("Change the chosen lines together").click()
    page.get_by_label("Own lot").fill("North")
    page.get_by_role("button", name="Award the chosen together").click()
    expect(page.get_by_text("2 lots: each is awarded as one")).to_be_visible()
    page.get_by_label("Quantity of L3").fill("2")
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d"))

    page.goto(f"{base}/features")
    page.get_by_role("textbox", name="Availability").fill("99.9")
    expect(page.locator("#beside-lines")).to_contain_text("Availability 99.9 %")
    page.goto(f"{base}/features?by=data.dedicated-internet-access")
    expect(page.get_by_label("Bandwidth, L1")).to_have_value("1000")  # differing values stay as they are
    page.get_by_label("Bandwidth, L3").fill("300")
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^Saved \d"))
    page.goto(f"{base}/services")
    expect(page.get_by_role("row", name=re.compile("L3"))).to_contain_text("300 Mbps")


def test_a_bill_is_read_shown_with_its_totals_and_kept_when_confirmed(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site)
    page.goto(f"{base}/billing")

    page.get_by_text("Read it from a bill or an export").click()
    page.get_by_label("Rows with a heading row").fill("Service,Minutes,Cost\nToll-free,3000,$120.00\nToll-free,500,20")
    page.get_by_role("button", name="Read the rows").click()
    expect(page.locator("#read")).to_contain_text("3,500 minutes a month, $140.00 a month")
    page.goto(f"{base}/billing")
    expect(page.get_by_label("Quantity, row 1")).to_have_value("")  # nothing is kept unasked
    page.get_by_text("Read it from a bill or an export").click()
    page.get_by_label("Rows with a heading row").fill("Service,Minutes,Cost\nToll-free,3000,$120.00")
    page.get_by_role("button", name="Read the rows").click()
    page.get_by_role("button", name="These figures are right: keep them").click()
    expect(page.get_by_label("Quantity, row 1")).to_have_value("3000")


def test_rules_that_cannot_work_are_told_and_mended(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    page.goto(f"{begun(page, site)}/carriers")

    expect(page.locator("#reach")).to_contain_text(re.compile(r"For about \d+ carriers"))
    page.get_by_role("radio", name=re.compile("^Rank only")).check()
    expect(page.locator("#auction-settings[data-once=rank_only]")).to_be_visible()
    page.get_by_text("More settings, for those who know auctions").click()
    page.get_by_label("A bid must be lower than").select_option("lead")
    expect(page.locator("#advice")).to_contain_text("would tell that price")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#advice .note")).to_have_count(0)
    expect(page.get_by_role("radio", name=re.compile("^Rank only"))).to_be_checked()
    page.get_by_role("link", name="Rehearse the auction").click()
    expect(page.get_by_role("heading", name="Lot T1")).to_be_visible()


def test_an_earlier_request_is_copied_with_its_sites_and_lines(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    begun(page, site, title="Worth copying")
    page.goto("/b/requests/new")

    page.get_by_role("button", name="Copy Worth copying").first.click()
    expect(page).to_have_url(re.compile("/edit/basics$"))
    expect(page.get_by_label("Title")).to_have_value("Worth copying")
    expect(page.locator("#wizard-steps")).to_contain_text("3 lines")


def test_the_preview_is_byte_for_byte_what_carriers_get(open_page: Open, site: Site) -> None:
    page = open_page("/b", BUYER)
    base = begun(page, site)
    request = base.removeprefix("/b").removesuffix("/edit")
    page.goto(f"/b{request}/preview")

    shown = page.get_by_label("As a carrier sees it")
    expect(shown).to_contain_text("Chicago, IL 60601")
    expect(shown).not_to_contain_text("Silverline")
    expect(shown).not_to_contain_text("Main St")
    expect(page.locator("aside")).to_contain_text("1 Main St")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the raw data").click()
    asked = page.request.get(f"{request}/preview")
    assert asked.status == 200, asked.text()
    assert download.value.path().read_bytes() == asked.body()
