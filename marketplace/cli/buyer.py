"""The buyer's organization on the command line: registration, verification, address book."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import (
    award_answers,
    buyer_approvals,
    buyer_auctions,
    buyer_awards,
    buyer_reach,
    buyer_requests,
    buyer_scenarios,
    contracts,
    questions,
    session,
    show,
)
from marketplace.cli.availability import availability
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Csv, Limit, Url, ask, command_of, group, read_bytes, read_json, read_text
from marketplace.cli.notices import notices
from marketplace.players.api import ApiError

app = group("Buy: register, be verified, ask, compare, award and accept.")
command = command_of(app)
sites = group("Your address book.")
app.add_typer(sites, name="sites")
site_command = command_of(sites)

_PROFILE = (
    show.code("Organization", "id"),
    show.col("Name", "name"),
    show.col("Verification", "verification"),
    show.col("Contact", "contact"),
    show.col("Demographics", "demographics"),
    show.col("Bands that carriers may see", "bands"),
    show.col("Numbers", "numbers"),
)
_VERIFICATION = (
    show.col("Verification", "status"),
    show.when("Since", "since"),
    show.when("Verified until", "verified_until"),
    show.col("The platform says", "reason"),
    show.col("Numbers", "numbers"),
)
_DOCUMENTS = (
    show.col("Document", "title"),
    show.col("Type", "media_type"),
    show.count("Bytes", "size"),
    show.when("Uploaded", "uploaded_at"),
)
_SITES = (
    show.col("Label", "label"),
    show.col("Street", "street"),
    show.col("City", "city"),
    show.col("State", "state"),
    show.col("Postal code", "postal_code"),
    show.col("Country", "country"),
    show.code("Site", "id"),
)
_NEXT_BY_STATUS = {
    "unverified": "Next: marketplace buyer evidence --lei NUMBER, then marketplace buyer submit-verification",
    "pending": "The platform checks your evidence. Requests that you submit meanwhile wait for it.",
    "verified": "Next: marketplace buyer new FILE.json",
    "rejected": "Mend your evidence, then: marketplace buyer submit-verification",
}


@command("register")
def register(
    file: Annotated[Path | None, typer.Argument(help="registration as JSON; without it you are asked")] = None,
    url: Url = "",
) -> None:
    """Register your business. You get an account with an initial password, shown this once."""
    body = read_json(file) if file else _asked_registration()
    done = session.anonymous(url).post("/buyers", body, key=session.key())
    show.answer(
        done,
        f"Registered as {done['buyer_id']}. Initial password of {done['email']}: {done['initial_password']}",
        f"It is good until {show.local_time(done['initial_password_expires_at'])} and not shown again.",
        f"Next: marketplace login {done['email']}",
    )


@command("profile")
def profile() -> None:
    """What is on record of your organization, and the bands that carriers may see."""
    found = session.api().get("/buyer")
    show.answer(found, show.facts(found, *_PROFILE))


@command("evidence")
def evidence(
    lei: Annotated[str, typer.Option(help="legal entity identifier")] = "",
    vat: Annotated[str, typer.Option(help="VAT number of an EU member state")] = "",
    ein: Annotated[str, typer.Option(help="US employer identification number")] = "",
    duns: Annotated[str, typer.Option(help="D-U-N-S number")] = "",
    document: Annotated[list[Path] | None, typer.Option(help="PDF, PNG or JPEG; may be given several times")] = None,
) -> None:
    """Give registration numbers and documents as proof of who you are."""
    numbers = {kind: value for kind, value in (("lei", lei), ("vat", vat), ("ein", ein), ("duns", duns)) if value}
    if not numbers and not document:
        raise MistakeError("Give a number or a document: --lei, --vat, --ein, --duns, --document FILE")
    api = session.api()
    if numbers:
        api.post("/buyer/verification/evidence", {"numbers": numbers}, key=session.key())
    for file in document or ():
        files = {"file": (file.name, read_bytes(file))}
        api.post("/buyer/verification/documents", key=session.key(), files=files)
    _show_verification(api.get("/buyer/verification"), "Next: marketplace buyer submit-verification")


@command("submit-verification")
def submit_verification() -> None:
    """Ask the platform to verify you."""
    found = session.api().post("/buyer/verification/submit", key=session.key())
    _show_verification(found, _NEXT_BY_STATUS.get(found["status"], ""))


@command("status")
def status() -> None:
    """How far your verification is."""
    found = session.api().get("/buyer/verification")
    _show_verification(found, _NEXT_BY_STATUS.get(found["status"], ""))


@command("readings")
def readings(limit: Limit = 50) -> None:
    """Who of the platform read your identity, and when."""
    found, left = session.pages(session.api(), "/buyer/identity-readings", limit)
    columns = (show.when("When", "at"), show.code("User", "user_id"), show.code("Document", "document_id"))
    show.answer(found, show.table(found, *columns, empty="Nobody has read it."))
    show.more(left)


@command("providers")
def providers(limit: Limit = 200) -> None:
    """Approved carriers, for the provider list of a request."""
    found, left = session.pages(session.api(), "/providers/directory", limit)
    columns = (show.code("Provider", "id"), show.col("Name", "name"))
    show.answer(found, show.table(found, *columns, empty="No carrier is approved yet."))
    show.more(left)


@site_command("list")
def list_sites(limit: Limit = 200) -> None:
    """All your sites. Carriers see a site as exactly as the request discloses it."""
    found, left = session.pages(session.api(), "/sites", limit)
    empty = "Your address book is empty. Next: marketplace buyer sites import FILE.csv"
    show.answer(found, show.table(found, *_SITES, empty=empty))
    show.more(left)


@site_command("import")
def import_sites(file: Csv) -> None:
    """Add each row as a site; the columns are the fields of a site: label, country, street, city and so on."""
    reader = csv.DictReader(io.StringIO(read_text(file)))
    api = session.api()
    added: list[Any] = []
    refused: list[dict[str, Any]] = []
    for number, row in enumerate(reader, 2):
        body = {column: cell.strip() for column, cell in row.items() if column and cell and cell.strip()}
        try:
            added.append(api.post("/sites", body, key=session.key()))
        except ApiError as error:
            refused.append({"row": number, "problem": error.problem})
    show.answer({"added": added, "refused": refused}, f"Sites: {len(added)} added, {len(refused)} refused.")
    for item in refused:
        show.problem(item["problem"] | {"title": f"Row {item['row']}: {item['problem'].get('title', '')}"}, "")
    if refused:
        raise typer.Exit(1)


buyer_requests.add_to(app)
buyer_reach.add_to(app)
buyer_auctions.add_to(app)
buyer_awards.add_to(app)
buyer_scenarios.add_to(app)
buyer_approvals.add_to(app)
command("availability")(availability)
contracts.add_to(app)
award_answers.add_to_buyer(app)
questions.add_to_buyer(app)
command("notices")(notices)


def _show_verification(found: dict[str, Any], following: str) -> None:
    documents = (show.table(found["documents"], *_DOCUMENTS),) if found["documents"] else ()
    show.answer(found, show.facts(found, *_VERIFICATION), *documents, following)


def _asked_registration() -> dict[str, Any]:
    name = ask("Name of the business")
    contact = {
        "name": ask("Contact person"),
        "email": ask("E-mail of the contact, who signs in first"),
        "phone": ask("Phone"),
        "address": ask("Postal address", ""),
    }
    demographics: dict[str, Any] = {
        "industry": ask("Industry (section of ISIC Rev. 4, A to U)").upper(),
        "employees": ask("Employees"),
        "sites": ask("Sites"),
        "country": ask("Country (such as US)").upper(),
        "region": ask("State (such as CA)", "").upper(),
    }
    return {"name": name, "contact": contact, "demographics": demographics}
