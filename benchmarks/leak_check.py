"""How well the leak check finds what gives a buyer away: precision and recall on texts that are labelled.

Two corpora. *Planted*: invented buyers, whose names, addresses and numbers stand at known places of texts, in the
spellings that people and tricksters use. *Real*: narratives of the public record in which masking failed, where they
are beside this project; an organization's own name, as one of its texts writes it, is looked for in all others, and a
text tells the name when it holds a word of it that texts of hardly anybody else hold.

    python -m benchmarks.leak_check [--seed 1]
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from buyers.requests.leak_check import IdentityTerms, find_leaks

REAL = Path(__file__).parents[1].parent / "shared/data/erate/form470_requests.jsonl"
BUYERS = (
    IdentityTerms(
        names=("Quillfeather Orchards Cooperative",),
        domains=("quillfeather-orchards.example.org",),
        emails=("ada.berg@quillfeather-orchards.example.org",),
        phones=("+1 206 555 0142",),
        numbers=("91-1144442",),
        streets=("1460 Larkspur Street",),
        people=("Ada Bergström",),
        site_labels=("Larkspur packing house",),
    ),
    IdentityTerms(
        names=("Zebedee & Sons Precision Castings, Inc.",),
        domains=("zebedeecastings.example.com",),
        emails=("m.ruthenberg@zebedeecastings.example.com",),
        phones=("+49 30 5550 1234",),
        numbers=("150483782", "5493001KJTIIGC8Y1R12"),
        streets=("40000 Hollowtree Parkway North",),
        people=("Maximilian Ruthenberg",),
        site_labels=("Hollowtree foundry",),
    ),
    IdentityTerms(
        names=("Città di Vallefiorita",),
        domains=("vallefiorita.example.it",),
        emails=("protocollo@vallefiorita.example.it",),
        phones=("+39 0932 555 0187",),
        numbers=("IT00159560366",),
        streets=("Corso Montegrappa 17",),
        people=("Giulia Sant'Angelo",),
        site_labels=("Palazzo Montegrappa",),
    ),
)
TEXTS = (
    "The applicant is seeking proposals for internet access between 1 and 10 Gbps to support several buildings.",
    "Please refer to our RFP for the specifics of category 1. Service is to start on 1 July; contract of 36 months.",
    "Managed switches and access points, 48 ports each, with licences for five years and next-business-day support.",
    "Two diverse paths of dark fibre, 12 strands, lit by us; hand-off single mode LC. Latency below 5 ms.",
    "Voice for 120 users with 40 concurrent calls, numbers to be ported, emergency calls routed by building.",
    "We need broadband of at least 500/500 Mbps at each site, with static addresses /29 and a 4 hour repair time.",
    "Equivalent products are acceptable. Prices per month and once, without taxes, in US dollars, firm for 90 days.",
)
_LOOKALIKES = str.maketrans({"a": "\u0430", "e": "\u0435", "o": "\u043e", "i": "1", "s": "5"})

Spelling = Callable[[str], str]
WORDS: tuple[Spelling, ...] = (
    str,
    str.upper,
    str.lower,
    str.title,
    lambda text: text.replace(" ", ""),
    lambda text: text.replace(" ", "-"),
    lambda text: text.translate(_LOOKALIKES),
    "\u200b".join,
    lambda text: text + "'s",
)
DIGITS: tuple[Spelling, ...] = (
    str,
    lambda text: re.sub(r"[^0-9A-Za-z]", "", text),
    lambda text: re.sub(r"[^0-9A-Za-z]+", ".", text),
    lambda text: re.sub(r"[^0-9A-Za-z]+", "-", text),
    lambda text: text.replace(" ", "  "),
)
ADDRESSES: tuple[Spelling, ...] = (
    str,
    str.upper,
    lambda text: text.replace("@", " (at) ").replace(".", " dot "),
    lambda text: text.replace("@", " @ "),
    lambda text: text.replace(".", " . "),
)
SPELLINGS: dict[str, tuple[Spelling, ...]] = {
    "names": WORDS,
    "people": (*WORDS, lambda text: ", ".join(reversed(text.split(maxsplit=1)))),
    "streets": (*WORDS[:4], lambda text: text.replace("Street", "St.").replace("Parkway", "Pkwy")),
    "site_labels": WORDS[:6],
    "domains": ADDRESSES,
    "emails": ADDRESSES,
    "phones": DIGITS,
    "numbers": DIGITS,
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A text of a buyer; ``start`` and ``end`` is where a leak of ``kind`` stands, both 0 where there is none."""

    text: str
    terms: IdentityTerms
    kind: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Leaks that were ``found`` and ``missed``, and findings that are ``false`` alarms; ``misses`` are examples.

    ``pairs``: in how many texts a finding could have been a false alarm, where that is counted.
    """

    kind: str
    found: int
    missed: int
    false: int
    misses: tuple[str, ...] = ()
    pairs: int = 0

    @property
    def recall(self) -> float:
        """The share of leaks that were found."""
        return self.found / max(1, self.found + self.missed)

    @property
    def precision(self) -> float:
        """The share of findings that are leaks."""
        return self.found / max(1, self.found + self.false)

    @property
    def false_alarms(self) -> float:
        """The share of texts in which a word that many share was taken for the name."""
        return self.false / max(1, self.pairs)


def planted(texts: Sequence[str], seed: int) -> Iterator[Planted]:
    """Yield every spelling of everything that tells of a buyer in one of the texts, and all texts as they are."""
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    for terms in BUYERS:
        for kind, spellings in SPELLINGS.items():
            for value in getattr(terms, kind):
                for spell in spellings:
                    text, leak = chance.choice(texts), spell(value)
                    places = [match.end() for match in re.finditer(r"[.;:] ", text)] or [len(text)]
                    before = text[: chance.choice(places)].rstrip() + " "
                    whole = f"{before}{leak} {text[len(before) :]}"
                    yield Planted(whole, terms, kind, len(before), len(before) + len(leak))
        yield from (Planted(text, terms) for text in texts)


def score_planted(cases: Sequence[Planted]) -> tuple[Score, ...]:
    """Return a score by kind, and 'nothing' for texts without a leak, where each finding is a false alarm."""
    found, missed, false = Counter[str](), Counter[str](), Counter[str]()
    misses: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        findings = find_leaks({"/description": case.text}, case.terms)
        kind = case.kind or "nothing"
        touching = [one for one in findings if one.start < case.end and case.start < one.end]
        false[kind] += len(findings) - len(touching)
        if not case.kind:
            continue
        if touching:
            found[kind] += 1
        else:
            missed[kind] += 1
            misses[kind].append(case.text[case.start : case.end])
    kinds = [*SPELLINGS, "nothing"]
    return tuple(Score(kind, found[kind], missed[kind], false[kind], tuple(misses[kind])) for kind in kinds)


def narratives(path: Path = REAL) -> list[tuple[str, str]]:
    """Return the real texts, each with its organization's anonymous id; empty where the file is not there."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["anon_id"], row["narrative"]) for row in rows]


_NICKNAME = re.compile(r"^form_nickname: *(.+)$", re.MULTILINE)
_LABEL = re.compile(
    r"\b(?:[FD]Y ?\d{4}|\d{4}(?:-\d\d)?|C[12]\S*|I[AC]|DBA|MIBS|470|Form470|Line|\d+)\b|[_&.-]", re.IGNORECASE
)
_FEW = 3
"""A word that texts of fewer organizations hold tells of one."""


def score_real(rows: Sequence[tuple[str, str]]) -> Score:
    """Return how the names that masking left in are found, over all pairs of an organization and a text."""
    holders: dict[str, set[str]] = defaultdict(set)
    for owner, text in rows:
        for word in _words(text):
            holders[word].add(owner)
    found = missed = false = pairs = 0
    misses = []
    for owner, name in _names(rows).items():
        telling = {word for word in _words(name) if len(holders[word]) < _FEW}
        if not telling:
            continue
        findings = find_leaks(
            {str(number): text for number, (_, text) in enumerate(rows)}, IdentityTerms(names=(name,))
        )
        told = {int(one.where) for one in findings if one.kind == "name"}
        truth = {number for number, (_, text) in enumerate(rows) if telling & _words(text)}
        found, missed, false = found + len(truth & told), missed + len(truth - told), false + len(told - truth)
        misses += [f"{owner} in text {number}" for number in sorted(truth - told)]
        pairs += len(rows)
    return Score("real", found, missed, false, tuple(misses), pairs)


def _names(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return each organization's name as its longest label writes it, where that is not masked."""
    names: dict[str, str] = {}
    for owner, text in rows:
        match = _NICKNAME.search(text)
        if match and "REDACTED" not in match[1]:
            name = " ".join(_LABEL.sub(" ", match[1]).split())
            names[owner] = max(names.get(owner, ""), name, key=len)
    return {owner: name for owner, name in names.items() if len(name.split()) > 1}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{4,}", text.casefold()))


def main() -> None:
    """Print precision and recall of both corpora, and what was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    rows = narratives()
    scores = [*score_planted(list(planted(TEXTS, seed)))]
    scores += [score_real(rows)] if rows else []
    for score in scores:
        figures = f"{score.found:5} found {score.missed:3} missed {score.false:3} false"
        rates = f"   precision {score.precision:.3f}   recall {score.recall:.3f}" if score.found + score.missed else ""
        print(f"{score.kind:12} {figures}{rates}")
        if score.pairs:
            print(
                f"             false alarms in {score.false_alarms:.1%} of {score.pairs:,} texts of organizations alike"
            )
        for miss in score.misses[:5]:
            print(f"             missed: {miss!r}")
    if not rows:
        print(f"{REAL.name} is not beside this project: the real corpus was left out")


if __name__ == "__main__":
    main()
