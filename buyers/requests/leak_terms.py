"""What gives a buyer away: its identity as terms, folded so that spelling tricks don't hide them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class IdentityTerms:
    """What must not stand in a text that carriers read, as the buyer's own records spell it.

    ``numbers`` are registration numbers (LEI, VAT, EIN, DUNS). ``streets`` are the addresses beyond the disclosure
    level. ``disclosed_cities`` are shown to carriers anyway: a word of the name that is one of them is no finding.
    """

    names: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    site_labels: tuple[str, ...] = ()
    disclosed_cities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needle:
    """A folded term to look for.

    ``whole`` demands that it starts and ends with a word. ``capitals`` demands capital letters, as in an acronym.
    ``street`` demands a word for 'street' after it.
    """

    folded: str
    kind: str
    why: str
    whole: bool = True
    capitals: bool = False
    street: bool = False


LONG = 8
"""A folded term of this length is told from chance even inside another word ('www.acmelibrary.org')."""
_SHORT = 3
_DIGITS = 7
_NATIONAL_DIGITS = 10
_SHORTEST_NUMBER = 5

# Letters of other scripts that look like Latin ones, and digits and signs that stand for letters. Both sides of every
# comparison go through the same table, so it may be coarse: i, l and 1 are one letter.
_LOOKALIKES = {
    look: letter
    for letter, looks in {
        "a": "\u0430\u0251\u03b14@",
        "b": "\u0432\u0299\u03b28",
        "c": "\u0441\u03f2",
        "d": "\u0501\u0111\u00f0",
        "e": "\u0435\u0454\u03b5\u04bd3",
        "f": "\u0192",
        "g": "\u0261",
        "h": "\u04bb\u043d",
        "j": "\u0458\u03f3",
        "k": "\u043a\u03ba",
        "l": "i\u04561!\u03b9\u0131\u0142\u04cf\u01c0",
        "m": "\u043c",
        "n": "\u0578\u03b7",
        "o": "\u043e\u03bf\u03c3\u00f8\u05850",
        "p": "\u0440\u03c1",
        "q": "\u051b",
        "r": "\u0433\uab47",
        "s": "\u04555$",
        "t": "\u0442\u03c47",
        "u": "\u03c5\u057d",
        "v": "\u0475\u03bd",
        "w": "\u051d\u03c9",
        "x": "\u0445\u03c7",
        "y": "\u0443\u03b3\u04af",
        "ae": "\u00e6",
        "oe": "\u0153",
    }.items()
    for look in looks
}
_IGNORED = {"Cf", "Mn", "Me", "Cc"}


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LEGAL = _listed("""
    inc incorporated llc ltd limited corp corporation co company plc lp llp pllc gmbh ag kg ohg ev se sa sas sarl nv bv
    ab as oy oyj aps srl spa pty pte kk
""")
_STOP = _listed("a an and at by de der des di du for in la le of on or the to und van von y")
_GENERIC = _LEGAL | _listed("""
    academy administration agency american area associates association authority backup bank board boys branch building
    business campus care center central centre charter church city clinic club college commission committee
    communications community consortium consulting cooperative council country county data datacenter day default depot
    department digital district division east education elementary energy engineering enterprise enterprises europe
    european factory family federal fiber financial first floor foundation free friends general girls global government
    great greater group head headquarters health high holding holdings home hospital house hq independent industrial
    industries institute insurance international internet joint junior law level libraries library local location
    logistics lower main management manufacturing market media medical memorial metropolitan middle ministry mobile
    municipal museum national network networks new north northeast northern northwest office old organization park
    partners people place plant plaza power primary private products program properties public regional remote research
    resources road room saint school schools science secondary security senior service services shop site society
    solutions south southeast southern southwest special state states station store stores street studio suite supply
    support system systems team technical technologies technology telecom test town township trade training transport
    trust union unit united university upper urban valley village voice warehouse water west western wireless works
    world
""")
_ORDINARY_SURNAMES = _listed("""
    banks bell best black brown bush case cook cross day fall field fields fox gates gold good grant gray green grey
    hall hand hill holder hunt just key keys king lane law laws line lines link little long major mark marks may miles
    moore north page port ports power price rate rich rose rule rules rush sharp short small speed stone street strong
    summer swift term terms wall ward waters way well wells west white will winter wood young
""")
_TELECOM_ACRONYMS = _listed("""
    ACL API ATM BGP CDN CFO CIO CPE CPU CTO DHCP DIA DID DNS DSL EPL EVC EVPL FCC FTP GPS GSM IAX IOT IPS ISDN ISP ITU
    IVR LAN LTE MAN MEF MPLS MRC NAT NID NNI NOC NRC PBX PDF POE POP PRI PSTN QOS RFC RFI RFP RFQ SDWAN SIM SIP SLA SMS
    SNMP SPIN SSL TCP TDM TLS TTL UDP UNI UPS URL USA USAC USB VLAN VOIP VPN WAN WIFI
""")
STREET_WORDS = _listed("""
    street st avenue ave av road rd lane ln drive dr boulevard blvd court ct place pl square sq highway hwy parkway
    pkwy terrace way close circle cir strasse str platz weg gasse allee
""")
_DIRECTIONS = _listed("north south east west n s e w ne nw se sw")
_STREET_ENDINGS = ("strasse", "str", "weg", "gasse", "platz", "allee", "straat", "laan")
_PUBLIC_MAIL = _listed("gmail googlemail outlook hotmail live yahoo aol icloud gmx web proton protonmail")
_DBA = re.compile(r"\b(?:d/?b/?a|doing business as|trading as)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def fold(char: str) -> str:
    """Return the letters and digits that ``char`` stands for: no case, accents, look-alikes; '' for a separator."""
    plain = (part for part in unicodedata.normalize("NFKD", char.casefold()) if unicodedata.category(part) != "Mn")
    digits = (str(unicodedata.decimal(part)) if part.isdecimal() else part for part in plain)
    folded = (_LOOKALIKES.get(part, part) for part in digits)
    return "".join(part for part in folded if part.isalnum())


@lru_cache(maxsize=4096)
def is_invisible(char: str) -> bool:
    """Return whether a reader does not see ``char``: zero-width and combining signs separate nothing."""
    return char not in "\t\n\r" and unicodedata.category(char) in _IGNORED


def squash(text: str) -> str:
    """Return ``text`` folded, without anything between the letters and digits."""
    return "".join(fold(char) for char in text)


def needles(terms: IdentityTerms) -> tuple[Needle, ...]:
    """Return everything to look for, each folded form once, the most telling kind first."""
    found: dict[tuple[str, bool], Needle] = {}
    for needle in _all(terms):
        if needle.folded:
            found.setdefault((needle.folded, needle.street), needle)
    return tuple(found.values())


def _all(terms: IdentityTerms) -> Iterator[Needle]:
    cities = {squash(word) for city in terms.disclosed_cities for word in _WORD.findall(city)}
    for name in terms.names:
        for part in _DBA.split(name):
            yield from _name(part, cities)
    for email in terms.emails:
        yield from _dotted(email, "email", "an e-mail address of the buyer")
    for domain in terms.domains:
        yield from _domain(domain)
    for phone in terms.phones:
        yield from _number(phone, "phone", "a phone number of the buyer")
    for number in terms.numbers:
        yield from _number(number, "number", "a registration number of the buyer")
    for street in terms.streets:
        yield from _street(street)
    for person in terms.people:
        yield from _person(person)
    for label in terms.site_labels:
        yield from _label(label)


def _name(name: str, cities: set[str]) -> Iterator[Needle]:
    words = _joined_initials(_words(name))
    while words and words[-1].casefold() in _LEGAL:
        words.pop()
    yield _text_needle(squash("".join(words)), "name", "the name of the buyer")
    for unwanted in ({"and"}, _STOP, _GENERIC, _GENERIC | _STOP):
        variant = _without(words, unwanted)
        if not all(_is_common(word, cities) for word in variant):
            yield _text_needle(squash("".join(variant)), "name", "the name of the buyer")
    if "&" in name:
        yield from _name(name.replace("&", " and "), cities)
    yield from _parts_of_name(words, cities)


def _parts_of_name(words: list[str], cities: set[str]) -> Iterator[Needle]:
    for word in words:
        if len(squash(word)) > _SHORT and not _is_common(word, cities):
            yield _text_needle(squash(word), "name", f"'{word}' is a distinctive word of the buyer's name")
    for first, second in pairwise(words):
        pair = squash(first + second)
        if len(pair) >= LONG and not (_is_common(first, cities) and _is_common(second, cities)):
            yield _text_needle(pair, "name", "a part of the buyer's name")
    for kept in (words, _without(words, _STOP)):
        initials = "".join(word[0] for word in kept)
        if len(initials) >= _SHORT and initials.upper() not in _TELECOM_ACRONYMS:
            yield Needle(squash(initials), "name", "the initials of the buyer's name", capitals=True)


def _is_common(word: str, cities: set[str]) -> bool:
    """Return whether ``word`` tells nobody apart: many organizations have it, or carriers are shown it anyway."""
    return word.casefold() in _GENERIC | _STOP or squash(word) in cities


def _joined_initials(words: list[str]) -> list[str]:
    """Return 'S A R Academy' as the words SAR and Academy, so that its 'A' is no article."""
    joined: list[str] = []
    open_run = False
    for word in words:
        single = len(word) == 1 and word.isalpha()
        if single and open_run:
            joined[-1] += word
        else:
            joined.append(word)
        open_run = single
    return joined


def _text_needle(folded: str, kind: str, why: str) -> Needle:
    return Needle(folded, kind, why, whole=len(folded) < LONG, capitals=len(folded) <= _SHORT and kind != "person")


def _domain(domain: str) -> Iterator[Needle]:
    bare = domain.casefold().removeprefix("www.")
    yield from _dotted(bare, "domain", "a domain of the buyer")
    label = bare.split(".")[0]
    folded = squash(label)
    if len(folded) > _SHORT and label not in _PUBLIC_MAIL | _GENERIC:
        yield _text_needle(folded, "domain", "the name in the buyer's domain")


def _dotted(address: str, kind: str, why: str) -> Iterator[Needle]:
    # '@' is one of the signs that stand for a letter, so it is written out or left out here as texts do it.
    spelled = (("@", "."), (" ", " "), (" at ", " "), (" at ", " dot "), ("@", " dot "))
    for at, dot in spelled:
        yield Needle(squash(address.replace("@", at).replace(".", dot)), kind, why)


def _number(number: str, kind: str, why: str) -> Iterator[Needle]:
    folded = squash(number)
    digits = "".join(char for char in number if char.isdigit())
    if len(folded) >= _SHORTEST_NUMBER:
        yield Needle(folded, kind, why)
    if len(digits) >= _DIGITS:
        yield Needle(squash(digits), kind, why)
    if kind == "phone" and len(digits) >= _NATIONAL_DIGITS:
        yield Needle(squash(digits[-_NATIONAL_DIGITS:]), kind, why, whole=False)
    if kind == "phone" and len(digits) > _DIGITS and not number.lstrip().startswith("0"):
        # Without the country code, with the zero that stands for it at home.
        for code in (1, 2, 3):
            national = digits[code:]
            if number.lstrip().startswith("+") and len(national) >= _DIGITS:
                yield Needle(squash(f"0{national}"), kind, why)


def _street(street: str) -> Iterator[Needle]:
    why = "a street address that carriers do not get"
    words = _words(street.split(",", maxsplit=1)[0])
    yield Needle(squash("".join(words)), "street", why)
    house = next((word for word in words if word[0].isdigit()), "")
    named = [word for word in words if word.casefold() not in STREET_WORDS and word != house]
    # 'Main Street North' is written without its direction, and with the street in between
    bare = [word for word in named if word.casefold() not in _DIRECTIONS]
    for core in dict.fromkeys(("".join(named), "".join(bare))):
        yield from _named_street(core, house, why)


def _named_street(core: str, house: str, why: str) -> Iterator[Needle]:
    if core and house:
        yield Needle(squash(house + core), "street", why)
        yield Needle(squash(core + house), "street", why)
    if core:
        named = not squash(core).endswith(tuple(squash(ending) for ending in _STREET_ENDINGS))
        yield Needle(squash(core), "street", why, street=named)


def _person(person: str) -> Iterator[Needle]:
    words = _words(person)
    if not words:
        return
    why = "the name of one of the buyer's people"
    first, last = words[0], words[-1]
    if len(words) > 1:
        variants = ["".join(words), "".join((*words[1:], first)), first + last, last + first, first[0] + last]
        for variant in variants:
            yield Needle(squash(variant), "person", why)
    if len(last) >= _SHORT and last.casefold() not in _ORDINARY_SURNAMES | _GENERIC:
        yield _text_needle(squash(last), "person", "the surname of one of the buyer's people")


def _label(label: str) -> Iterator[Needle]:
    words = _words(label)
    telling = [word for word in words if word.casefold() not in _GENERIC | _STOP and not word.isdecimal()]
    folded = squash("".join(words))
    if any(len(word) > 1 for word in telling) and len(folded) >= _SHORT:
        yield _text_needle(folded, "site", "the buyer's own name of a site")


def _words(text: str) -> list[str]:
    return _WORD.findall("".join(char for char in text if not is_invisible(char) and char not in "'\u2019"))


def _without(words: Iterable[str], unwanted: Iterable[str]) -> list[str]:
    left_out = frozenset(unwanted)
    return [word for word in words if word.casefold() not in left_out]
