"""Sentences that other rooms put together, such as the rules of an auction, told in the reader's language.

They come in English with their figures filled in: a carrier's view is the same bytes for everybody. The form of a
sentence is recognized by its words; one whose form is not listed here stays English.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache

from babel import units

from marketplace.kernel.texts import marked
from marketplace.terminals.browser import LOCALES

Say = Callable[[str], str]

_RULES = (
    marked("Sealed bids: a price may be replaced until the close, and nobody reads it before the opening."),
    marked(
        "Sealed bids, second price: the lowest wins and is paid what the second-lowest asked; "
        "a single bid is paid the ceiling, or its own price where there is none."
    ),
    marked("Sealed bids in two rounds: after the first one the buyer may call a short list to a last offer."),
    marked("Open descending auction: each price may be lowered again and again until the close."),
    marked("Rounds in turns: after first bids that nobody sees, every bidder has one turn in each round."),
    marked("Rising clock: the price rises until it is taken, and who takes it wins at that price."),
    marked("Falling clock: the price falls round by round, and who doesn't stay in a round is out for good."),
    marked("Until the opening you see nothing of the others; then your own place."),
    marked("You see your own place and the best price; never whose it is."),
    marked("You see your own place and no price of another."),
    marked("You see a colour: green leads, yellow is near, red is behind."),
    marked("You see nothing of the other bidders."),
    marked("You see the clock's price and nothing of the other bidders."),
    marked("Equal prices are allowed: the earlier one stands better."),
    marked("Equal prices are not taken: the later one is refused."),
    marked("A price equal to the best one is not taken."),
    marked("All prices are shown, each under an alias."),
    marked("The number of bidders is shown."),
    marked("The best price is shown."),
    marked("All prices are shown after the opening, each under an alias."),
    marked("Nothing of the market is shown to you before your own first bid."),
    marked("The highest total cost taken for a lot is {amount}."),
    marked("A bid has to be at least {step} below your own last price."),
    marked("A bid has to be at least {step} below the price of the bidder ranked before you."),
    marked("A bid has to be at least {step} below the best price."),
    marked("From {amount} upwards the least step is {step}."),
    marked("Who beats the lead has to beat it by at least {amount}."),
    marked("A step of more than {step} has to be confirmed, in case it is a slip."),
    marked("You may give a limit that only you can read, and the marketplace bids for you down to it."),
    marked("In the last {window}, {event} moves the close to {time} after the close."),
    marked("In the last {window}, {event} moves the close to {time} after the instant of that bid."),
    marked("That happens at most {number} times."),
    marked("No extension goes beyond {time} after the announced close."),
    marked(
        "The price starts at {start} and rises by {step} every {time}; the first to take it wins, "
        "each at the price that it took."
    ),
    marked(
        "The price starts at {start} and rises by {step} every {time}; the first {number} to take it win, "
        "each at the price that it took."
    ),
    marked("The price starts at {start} and falls by {step} in rounds of {time}."),
    marked("The price starts at {start} and falls along a list in rounds of {time}."),
    marked("It ends when at most one bidder is left."),
    marked("It ends when at most {number} bidders are left."),
    marked("It also ends after the round at or below {amount}."),
    marked("First bids are taken until the announced close, at which the rounds begin."),
    marked(
        "Then there are {number} rounds, worst place first, with {time} a turn, after a pause of {first}, "
        "later of {pause}."
    ),
    marked("The lowest price counts after adding what your answers cost:"),
    marked("Points decide: {number} x lowest price / your price, less those of your answers:"),
    marked("After the close the buyer may call a short list to one last offer, which may not be worse than before."),
    marked("After the close the buyer may call a short list to one last offer."),
    marked("With fewer than {number} bidders the buyer decides whether it counts."),
    marked("Nobody able to bid for more than {time} pauses the auction."),
    marked("Lots run one after the other, each opening {time} after the close of the one before, not earlier."),
    marked("Lots open together and close {time} after each other."),
    marked("Results are told when the last lot has closed."),
    marked("The result of each lot is told when it has closed."),
)
"""Of an auction: those of ``buyers.requests.auction_words``."""
_EVENTS = (
    marked("any accepted bid"),
    marked("overtaking another to place {place} or better"),
    marked("overtaking another to place {place}"),
)
"""What moves a close, as part of a rule; the longer form first."""
_KEY_TERMS = (
    marked("Not stated."),
    marked("The contract ends with its term; it does not renew by itself."),
    marked("Without notice in time, the contract renews by itself for {time}, each time."),
    marked("No notice is needed before the end of the term."),
    marked("Notice must reach the carrier at least {time} before the end of the term."),
    marked("You may end it early without a fee."),
    marked("Ending early costs {share} of the charges for the rest of the term."),
    marked("Ending early costs {number} times the monthly charge."),
    marked("Ending early costs {amount}."),
    marked("You must keep the service for at least {time}."),
    marked("You must pay at least {amount} a month."),
    marked("You must keep the service for at least {time} and pay at least {amount} a month."),
    marked("There is no minimum besides the term."),
    marked("Prices stay as they are during the term."),
    marked("Prices rise by {share} every year."),
    marked("Prices follow an index once a year ({index}), by at most {share} a year."),
    marked("Prices follow an index once a year ({index}), without a limit."),
    marked("Nothing is paid back for outages."),
    marked("Invoices are due within {time}."),
    marked("The carrier has not stated its key terms: read the text with care."),
)
"""Of terms: those of ``sellers.key_terms``."""
_AWARDS = (
    marked("One provider"),
    marked("Best two"),
    marked("Best service within {share}"),
    marked("Present providers stay"),
    marked("No present provider bids on a lot that it serves, as far as you named them."),
    marked("proven cheapest"),
    marked("found, not proven cheapest"),
    marked("within {share}"),
    marked("no award under these rules"),
    marked("no award found in time"),
    marked("at most {number} provider"),
    marked("at most {number} providers"),
    marked("at least {number} providers"),
    marked("present providers keep at least {number} of their lots"),
    marked("present providers keep the {number} lots that they serve and bid on"),
    marked("one provider for {place}"),
    marked("{name} gets nothing"),
    marked("installed by {day} at every lot"),
    marked("installed by {day} at {lots}"),
    marked("at most {amount} in all"),
    marked("at most {amount} a month"),
    marked("a service level of at least {number}"),
    marked("{off} off if it gets all of {lots}"),
    marked("{share} off its lots from {number} lots on"),
    marked("{share} off its lots from {amount} a month on"),
)
"""Of ways to award and of discounts on condition."""
FORMS = (*_RULES, *_EVENTS, *_KEY_TERMS, *_AWARDS)

_AMOUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?) ([A-Z]{3})")
_SHARE = re.compile(r"(\d[\d,]*(?:\.\d+)?) %")
_TIME = re.compile(r"(\d+) (day|month|minute|second)s?(?: (\d+) (second)s?)?")


_QUALITY = re.compile(r"([a-z][a-z0-9_]*): ((?:[a-z0-9][a-z0-9_]* -?[\d,.]*\d (?:[A-Z]{3}|points)(?:, )?)+)\.")
_SERVICE = re.compile(r"\b[a-z]+\.[a-z][a-z0-9-]*")
_ANSWER = re.compile(r"([a-z0-9][a-z0-9_]*) (-?[\d,.]*\d (?:[A-Z]{3}|points))")
"""What the answers to a quality are worth: criteria and answers come by their codes."""


def told(
    sentence: str, say: Say, money: Callable[[Decimal, str], str], number: Callable[[Decimal], str], locale: str
) -> str:
    """Return a sentence as ``say`` translates its form, with its figures as the reader writes them."""

    def value(text: str) -> str:
        if found := _AMOUNT.fullmatch(text):
            return money(_figure(found[1]), found[2])
        if found := _SHARE.fullmatch(text):
            return f"{number(_figure(found[1]))}\xa0%"
        if found := _TIME.fullmatch(text):
            return " ".join(_times(found, locale))
        return told(text, say, money, number, locale)

    if found := _QUALITY.fullmatch(sentence):
        worth = (f"{_words(code)} {value(figure)}" for code, figure in _ANSWER.findall(found[2]))
        return f"{say(_words(found[1]).capitalize())}: {'; '.join(worth)}."
    if locale == LOCALES[0]:
        return sentence
    if (exact := say(sentence)) != sentence:
        return exact
    for form, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            said = say(form)
            return said.format(**{name: value(text) for name, text in found.groupdict().items()})
    return sentence


def by_name(sentence: str, names: Mapping[str, str]) -> str:
    """Return a sentence with the names of services where it has their codes; codes that are not known stay."""
    return _SERVICE.sub(lambda found: names.get(found[0], found[0]), sentence)


def _words(code: str) -> str:
    return code.replace("_", " ")


def _figure(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _times(found: re.Match[str], locale: str) -> Iterator[str]:
    for count, unit in ((found[1], found[2]), (found[3], found[4])):
        if count:
            yield units.format_unit(int(count), f"duration-{unit}", locale=locale)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each form with values, and what recognizes its sentences."""
    return tuple(
        (form, re.compile("".join(_part(part) for part in re.split(r"(\{\w+\})", form))))
        for form in FORMS
        if "{" in form
    )


def _part(part: str) -> str:
    return f"(?P<{part[1:-1]}>.+?)" if part.startswith("{") else re.escape(part)
