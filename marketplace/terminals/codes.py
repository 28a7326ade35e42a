"""Words of the house that pages show as they are, such as states and roles: marked here for other languages."""

from marketplace.kernel.texts import marked

WORDS = (
    # states of requests and of lots
    marked("Draft"),
    marked("Awaiting verification"),
    marked("Open"),
    marked("Closed"),
    marked("Awarded"),
    marked("Not awarded"),
    marked("Withdrawn"),
    marked("Suspended"),
    marked("Scheduled"),
    marked("Paused"),
    marked("Failed"),
    marked("Cancelled"),
    # of buyers and carriers, and of what they were sent
    marked("Unverified"),
    marked("Pending"),
    marked("Verified"),
    marked("Rejected"),
    marked("Revoked"),
    marked("Expired"),
    marked("Approved"),
    marked("Received"),
    marked("Seen"),
    marked("Declined"),
    marked("Bid"),
    # of terms and contracts
    marked("Presented"),
    marked("Accepted"),
    marked("Refused"),
    # roles of users
    marked("Admin"),
    marked("Requester"),
    marked("Negotiator"),
    marked("Desk"),
    marked("Agent"),
    # criteria of a filter
    marked("Service types"),
    marked("Bandwidth mbps"),
    marked("Countries"),
    marked("States"),
    marked("Sites"),
    marked("Lines"),
    marked("Place"),
    marked("Places"),
    marked("Monthly spend"),
    marked("Term months"),
    marked("Start date"),
    marked("Consolidated invoice"),
    marked("Currencies"),
    marked("Features"),
    marked("Industries"),
    marked("Sizes"),
    marked("Regions"),
    marked("Coverage"),
    marked("Net"),
)
"""Each is shown by the filter ``word``, which takes underscores for spaces and begins with a capital."""
