"""All wiring in one place: which rooms' routes, reactions and alarms make up the application."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from pydantic import SecretStr

from buyers.desk import attachment_routes, placing_routes
from buyers.desk import reactions as desk_reactions
from buyers.desk import routes as desk
from buyers.registry import routes as registry
from buyers.registry import site_routes, verification, verification_routes
from marketplace import audit, probes
from marketplace.awards import approval_routes as award_approvals
from marketplace.awards import auction_routes as own_auctions
from marketplace.awards import availability_routes as own_availability
from marketplace.awards import export_routes as comparison_files
from marketplace.awards import reach_routes as reach
from marketplace.awards import reactions as awards_reactions
from marketplace.awards import routes as awards
from marketplace.awards import rules_routes as auction_rules
from marketplace.awards import transcript_routes as transcripts
from marketplace.awards.announcements import routes as announcing
from marketplace.awards.board import routes as scenario_boards
from marketplace.awards.confirmation import reactions as confirmation_reactions
from marketplace.awards.confirmation import routes as confirmation
from marketplace.awards.questions import routes as answering
from marketplace.bidding import bid_routes
from marketplace.bidding import control_routes as auction_control
from marketplace.bidding import reactions as bidding_reactions
from marketplace.bidding import routes as bidding
from marketplace.bidding import transcript_routes as own_transcripts
from marketplace.bidding.announcements import routes as announcements
from marketplace.bidding.drafts import routes as bid_drafts
from marketplace.catalogue import routes as catalogue
from marketplace.contracts import negotiation_routes as negotiations
from marketplace.contracts import reactions as contracts_reactions
from marketplace.contracts import routes as contracts
from marketplace.identity import routes as identity
from marketplace.kernel.alarms import Ring
from marketplace.kernel.clock import Clock, database_clock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, connect
from marketplace.kernel.sending import SendDue
from marketplace.kernel.vault import Vault, open_vault
from marketplace.kernel.wake import Wake
from marketplace.kernel.work import Reaction, Reactions, Workshop
from marketplace.oversight import reactions as oversight_reactions
from marketplace.oversight import record_routes as oversight_record
from marketplace.oversight import routes as oversight
from marketplace.terminals import assets, kit, streams
from marketplace.terminals.account import calendar as account_calendar
from marketplace.terminals.account import mail_links, signing_in
from marketplace.terminals.account import notices as own_notices
from marketplace.terminals.account import own as own_account
from marketplace.terminals.account import preferences as own_preferences
from marketplace.terminals.account import webhooks as own_webhooks
from marketplace.terminals.backoffice import auction as office_auction
from marketplace.terminals.backoffice import auctions as office_auctions
from marketplace.terminals.backoffice import audit as office_audit
from marketplace.terminals.backoffice import catalogue as office_catalogue
from marketplace.terminals.backoffice import deliveries as office_deliveries
from marketplace.terminals.backoffice import health as office_health
from marketplace.terminals.backoffice import mailbox as office_mailbox
from marketplace.terminals.backoffice import matching as office_matching
from marketplace.terminals.backoffice import organizations as office_organizations
from marketplace.terminals.backoffice import providers as office_providers
from marketplace.terminals.backoffice import queue as office_queue
from marketplace.terminals.backoffice import reveals as office_reveals
from marketplace.terminals.backoffice import review as office_review
from marketplace.terminals.backoffice import surrogate as office_surrogate
from marketplace.terminals.backoffice import texts as office_texts
from marketplace.terminals.backoffice import verifications as office_verifications
from marketplace.terminals.buyer import availability as buyer_availability
from marketplace.terminals.buyer import award as buyer_award
from marketplace.terminals.buyer import award_approvals as buyer_approvals
from marketplace.terminals.buyer import award_scenarios as buyer_scenarios
from marketplace.terminals.buyer import compare as buyer_compare
from marketplace.terminals.buyer import contracts as buyer_contracts
from marketplace.terminals.buyer import home as buyer_home
from marketplace.terminals.buyer import live_auction as buyer_auction
from marketplace.terminals.buyer import negotiation as buyer_negotiation
from marketplace.terminals.buyer import offer as buyer_offer
from marketplace.terminals.buyer import preview as buyer_preview
from marketplace.terminals.buyer import questions as buyer_questions
from marketplace.terminals.buyer import requests as buyer_requests
from marketplace.terminals.buyer import sites as buyer_sites
from marketplace.terminals.buyer import verification as buyer_verification
from marketplace.terminals.buyer import (
    wizard_attachments,
    wizard_billing,
    wizard_carriers,
    wizard_review,
    wizard_routes,
    wizard_services,
    wizard_sites,
)
from marketplace.terminals.public import guide, landing, registration
from marketplace.terminals.public import search as searching
from marketplace.terminals.seller import bid_sheet as seller_bid_sheet
from marketplace.terminals.seller import bidding as seller_bidding
from marketplace.terminals.seller import bidding_acts as seller_bidding_acts
from marketplace.terminals.seller import bids as seller_bids
from marketplace.terminals.seller import confirm_bid as seller_confirm_bid
from marketplace.terminals.seller import contracts as seller_contracts
from marketplace.terminals.seller import coverage as desk_coverage
from marketplace.terminals.seller import filters as desk_filters
from marketplace.terminals.seller import inbox as desk_inbox
from marketplace.terminals.seller import lost as seller_lost
from marketplace.terminals.seller import questions as desk_questions
from marketplace.terminals.seller import request as desk_request
from marketplace.terminals.seller import terms as desk_terms
from marketplace.terminals.seller import won as seller_won
from marketplace.terminals.tour import buyer_routes as tour_as_buyer
from marketplace.terminals.tour import carrier_routes as tour_as_carrier
from matching import reactions as matching_reactions
from matching import routes as matching
from matching.availability import routes as availability
from matching.questions import routes as questions
from notifications import reactions as notifications_reactions
from notifications import routes as notifications
from notifications.calendar import routes as calendar
from notifications.feed import routes as feed
from notifications.mail import routes as mail_addresses
from notifications.mail import sending as mail
from notifications.preferences import routes as notice_preferences
from notifications.texting import routes as phones
from notifications.texting import sending as texting
from notifications.webhooks import routes as webhooks
from notifications.webhooks import sending as webhooks_sending
from sellers import routes as sellers
from sellers.footprints import routes as footprints
from sellers.territories import routes as territories

ROUTERS: tuple[APIRouter, ...] = (
    bid_routes.hot,  # first: a path is looked for in this order
    identity.router,
    catalogue.router,
    registry.router,
    site_routes.router,
    verification_routes.router,
    sellers.providers,
    sellers.desk,
    footprints.router,
    territories.router,
    availability.router,
    own_availability.router,
    matching.desk,
    matching.invitations,
    matching.platform,
    questions.router,
    bid_routes.router,
    bidding.router,
    bid_drafts.router,
    auction_control.router,
    announcing.router,
    announcing.buyer,
    announcements.router,
    own_auctions.router,
    own_transcripts.router,
    transcripts.router,
    desk.router,
    attachment_routes.router,
    placing_routes.router,
    awards.router,
    award_approvals.router,
    comparison_files.router,
    scenario_boards.router,
    reach.router,
    answering.router,
    confirmation.router,
    auction_rules.router,
    contracts.router,
    negotiations.router,
    notifications.router,
    feed.router,
    webhooks.router,
    notice_preferences.router,
    mail_addresses.router,
    phones.router,
    calendar.router,
    oversight.router,
    oversight_record.router,
    landing.router,
    assets.router,
    kit.router,
    streams.router,
    signing_in.router,
    own_account.router,
    own_notices.router,
    own_webhooks.router,
    own_preferences.router,
    mail_links.router,
    account_calendar.router,
    registration.router,
    guide.router,
    searching.router,
    buyer_home.router,
    buyer_verification.router,
    wizard_sites.router,
    wizard_services.router,
    wizard_attachments.router,
    wizard_billing.router,
    wizard_carriers.router,
    wizard_review.router,
    wizard_routes.router,
    buyer_preview.router,
    buyer_requests.router,
    buyer_auction.router,
    buyer_compare.router,
    buyer_offer.router,
    buyer_questions.router,
    buyer_award.router,
    buyer_approvals.router,
    buyer_scenarios.router,
    buyer_contracts.router,
    buyer_negotiation.router,
    buyer_sites.router,
    buyer_availability.router,
    desk_inbox.router,
    desk_request.router,
    desk_questions.router,
    desk_filters.router,
    desk_coverage.router,
    desk_terms.router,
    office_queue.router,
    office_verifications.router,
    office_providers.router,
    office_organizations.router,
    office_auctions.router,
    office_auction.router,
    office_surrogate.router,
    office_matching.router,
    office_reveals.router,
    office_review.router,
    office_catalogue.router,
    office_deliveries.router,
    office_texts.router,
    office_mailbox.router,
    office_health.router,
    office_audit.router,
    seller_bid_sheet.router,
    seller_confirm_bid.router,
    seller_bidding.router,
    seller_bidding_acts.router,
    seller_bids.router,
    seller_won.router,
    seller_lost.router,
    seller_contracts.router,
    tour_as_buyer.router,
    tour_as_carrier.router,
    audit.router,
    probes.router,
)
LARGE_BODIES = ("/filters", "/territories")
"""Paths of lists that a machine sends at once: their bodies may be as large as files."""

REACTIONS: tuple[Reaction, ...] = (
    *desk_reactions.REACTIONS,
    *matching_reactions.REACTIONS,
    *bidding_reactions.REACTIONS,
    *awards_reactions.REACTIONS,
    *confirmation_reactions.REACTIONS,
    *contracts_reactions.REACTIONS,
    *notifications_reactions.REACTIONS,
    *oversight_reactions.REACTIONS,
)
RINGS: Mapping[str, Ring] = {
    **verification.RINGS,
    **bidding_reactions.RINGS,
    **confirmation_reactions.RINGS,
    **contracts_reactions.RINGS,
    **notifications_reactions.RINGS,
}

SENDERS: Mapping[str, SendDue] = {
    **webhooks_sending.SENDERS,
    "mail": mail.send_due,
    "texts": texting.send_due,
    "mail beside": mail.send_due,  # while the first waits for a mail server that is slow
}
"""What leaves the house, by channel."""


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One wired marketplace: what a server, a worker, a command and a test all start from."""

    settings: Settings
    database: Database
    vault: Vault
    workshop: Workshop
    wake: Wake


def assemble(settings: Settings, clock: Clock = database_clock, database: Database | None = None) -> Marketplace:
    """Return the marketplace of ``settings``. Starts the embedded database unless an address or ``database`` is given.

    Raises PostgresError when the embedded server can't start.
    """
    wake = Wake()
    database = database or connect(settings)
    woken: Callable[[], None] = wake.set
    vault = open_vault(settings)
    workshop = Workshop(database, vault, Reactions(REACTIONS), clock, woken)
    return Marketplace(settings, database, vault, workshop, wake)


@contextmanager
def opened(settings: Settings) -> Iterator[Marketplace]:
    """Assemble the marketplace of ``settings`` and close its connections in the end. Raises PostgresError."""
    market = assemble(settings)
    try:
        yield market
    finally:
        market.database.close()


def unconnected() -> Marketplace:
    """Return a marketplace that touches no database and no files: to describe the application, not to run it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(folder=Path(folder), database_url=SecretStr("postgresql://localhost/none"), worker=False)
        return assemble(settings)
