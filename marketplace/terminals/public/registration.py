"""Registration of a business that buys and of a carrier, up to the own password, on two pages."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.registry import model as registry_model
from buyers.registry import rules as registry_rules
from buyers.registry import service as registry
from buyers.registry.schemas import RegistrationInput
from marketplace.identity import passwords, sessions
from marketplace.identity.schemas import PasswordBody
from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.clock import machine_now
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import AccountWork, Working
from marketplace.terminals import browser, pages
from marketplace.terminals.account.signing_in import HOMES, client_of, device_of, secret_in, workshop_of
from sellers import service as sellers
from sellers.model import Contact as SellerContact
from sellers.schemas import ProviderInput

router = pages.router()

Public = Annotated[Principal, Depends(PUBLIC)]


@router.get("/register", summary="Page to register a buyer")
def show_buyer_registration(request: Request, _: Public) -> Response:
    """Ask who the business is, whom to call, and what kind of business it is."""
    return pages.render(request, "public/register.html", **_facts(request))


@router.post("/register", summary="Register a buyer by form")
def send_buyer_registration(request: Request, work: Working, form: pages.Sent, _: Public) -> Response:
    """Make the account; the next page asks for its own password."""
    with pages.again(request, "public/register.html", form, lambda: _facts(request)):
        body = pages.checked(RegistrationInput, _registration(form))
        registered = registry.register_buyer(
            work,
            body.name,
            registry_model.Contact(**body.contact.model_dump()),
            registry_model.Demographics(**body.demographics.model_dump()),
        )
    return _ask_password(request, registered.user.email, registered.user.initial_password)


@router.get("/register/carrier", summary="Page to register a carrier")
def show_carrier_registration(request: Request, _: Public) -> Response:
    """Ask for the company and who signs in first."""
    return pages.render(request, "public/register_carrier.html")


@router.post("/register/carrier", summary="Register a carrier by form")
def send_carrier_registration(request: Request, work: AccountWork, form: pages.Sent, _: Public) -> Response:
    """Make the account of a carrier's desk; requests come once the platform has approved it."""
    names = ("name", "contact_name", "contact_email", "contact_phone", "reference")
    with pages.again(request, "public/register_carrier.html", form):
        body = pages.checked(ProviderInput, {name: form.text(name) for name in names})
        contact = SellerContact(body.contact_name, body.contact_email, body.contact_phone)
        done = sellers.register_provider(work, sellers.RegisterProvider(body.name, contact, body.reference))
    return _ask_password(request, done.email, done.initial_password)


@router.post("/register/password", summary="Set the first own password by form")
def send_registered_password(request: Request, form: pages.Sent, _: Public) -> Response:
    """Sign in with the initial password and put the own one in its place."""
    email, initial = form.text("email"), secret_in(form, "current_password")
    with pages.again(request, "public/registered.html", form, lambda: {"email": email, "initial_password": initial}):
        body = pages.checked(
            PasswordBody, {"current_password": initial, "new_password": secret_in(form, "new_password")}
        )
        if secret_in(form, "again") != body.new_password:
            message = pages.said(request, "is not the same as the new password")
            raise MalformedError(errors=(FieldError("/again", message),))
        workshop, client = workshop_of(request), client_of(request)
        session = sessions.sign_in_browser(workshop, sessions.SignIn(email, initial, device=device_of(request)), client)
        passwords.change_password(workshop, session.principal, initial, body.new_password, client)
    response = pages.see(HOMES[session.principal.kind], pages.said(request, "Welcome. Your account is ready."))
    browser.sign_in(request, response, session, machine_now())
    return response


def _ask_password(request: Request, email: str, initial_password: str) -> Response:
    return pages.render(request, "public/registered.html", status=201, email=email, initial_password=initial_password)


def _facts(request: Request) -> dict[str, Any]:
    return {"industries": registry_rules.INDUSTRIES, "countries": pages.country_names(request)}


def _registration(form: pages.Form) -> dict[str, Any]:
    """Return the form as the API takes it."""
    contact = {name: form.text(f"contact/{name}") for name in ("name", "email", "phone", "address")}
    demographics: dict[str, Any] = {
        name: form.text(f"demographics/{name}") for name in ("industry", "employees", "sites", "country", "region")
    }
    if spend := form.text("demographics/annual_telecom_spend"):
        demographics["annual_telecom_spend"] = spend.replace(",", "")
    return {"name": form.text("name"), "contact": contact, "demographics": demographics}
