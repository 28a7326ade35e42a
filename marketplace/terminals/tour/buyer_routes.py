"""The pages of a visitor who plays a buyer: a need, what carriers see of it, rules, a live auction, award, reveal."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.clock import machine_now
from marketplace.terminals import pages
from marketplace.terminals.tour import course, receipts, views, visits
from marketplace.terminals.tour.market import Market, Play, announced
from marketplace.terminals.tour.model import LIFETIME, MARKET_TIME, PACE, Kind, Role
from marketplace.terminals.tour.needs import NEEDS
from marketplace.terminals.tour.story import Scene

router = pages.router("/tour")

Public = Annotated[Principal, Depends(PUBLIC)]
_BASE = "/tour/buyer"
_LONGEST_SENTENCE = 300


@router.get("", summary="Page to begin a guided tour")
def show_tour(request: Request, _: Public) -> Response:
    """Choose a role: everything is played against robots, and nothing is kept."""
    return pages.render(request, "tour/start.html", lifetime=LIFETIME, pace=PACE, market_time=MARKET_TIME)


@router.post("/buyer", summary="Begin a tour as a buyer")
def begin_as_buyer(request: Request, form: pages.Sent, _: Public) -> Response:  # noqa: ARG001 - the form checks the origin
    """Begin a fresh tour, with robots of its own."""
    return visits.kept(request, visits.begun(Role.BUYER), pages.see(f"{_BASE}/need"))


@router.get("/buyer/need", summary="Tour: page to choose a need")
def show_tour_need(request: Request, _: Public) -> Response:
    """Choose what to buy, out of three samples."""
    scene, elsewhere = visits.arrived(request, Role.BUYER, "need")
    if scene is None:
        return elsewhere or visits.over(request)
    chosen = scene.play.need.code if scene.play is not None else next(iter(NEEDS))
    return _page(request, scene, "need", needs=tuple(NEEDS.values()), chosen=chosen)


@router.post("/buyer/need", summary="Tour: choose a need")
def send_tour_need(request: Request, form: pages.Sent, _: Public) -> Response:
    """Choose a need; a later choice begins the story again."""
    return visits.moved(request, Role.BUYER, Kind.NEED, form.text("need"), "anonymity")


@router.get("/buyer/anonymity", summary="Tour: page of what carriers see")
def show_anonymity(request: Request, _: Public, sentence: str = "") -> Response:
    """Compare the request with the carriers' view of it, and try to give the name away."""
    scene, elsewhere = visits.arrived(request, Role.BUYER, "anonymity")
    if scene is None or scene.play is None:
        return elsewhere or visits.over(request)
    need, said = scene.play.need, sentence[:_LONGEST_SENTENCE]
    return _page(
        request,
        scene,
        "anonymity",
        need=need,
        facts=views.facts(scene.tour.seed, need, need.content),
        pseudonym=views.pseudonym(scene.tour.seed),
        sentence=said,
        leaks=views.leaks(need, said),
    )


@router.get("/buyer/rules", summary="Tour: page to choose the auction")
def show_rules(request: Request, _: Public, preset: str = "") -> Response:
    """Choose how carriers compete, in plain words."""
    scene, elsewhere = visits.arrived(request, Role.BUYER, "rules")
    if scene is None or scene.play is None:
        return elsewhere or visits.over(request)
    offered = {one.code: one for one in views.presets()}
    chosen = offered.get(preset) or scene.play.preset or next(iter(offered.values()))
    content, _preset = announced(scene.play.need, chosen.code, None)
    seen = views.seen_by_carriers(scene.tour.seed, scene.play.need, content)
    return _page(request, scene, "rules", presets=tuple(offered.values()), chosen=chosen, words=seen.auction.rules)


@router.post("/buyer/rules", summary="Tour: open the auction")
def send_rules(request: Request, form: pages.Sent, _: Public) -> Response:
    """Announce the rules and let the robots bid; choosing again plays the same need by other rules."""
    return visits.moved(request, Role.BUYER, Kind.OPEN, form.text("preset"), "auction")


@router.get("/buyer/auction", summary="Tour: page of the live auction")
def show_tour_auction(request: Request, _: Public) -> Response:
    """Watch the robots bid."""
    return _auction(request, "tour/buyer_auction.html")


@router.get("/buyer/auction/live", summary="Tour: what the live auction shows now")
def show_auction_now(request: Request, _: Public) -> Response:
    """Show the live region alone, for a page that asks every two seconds."""
    return _auction(request, "tour/_buyer_auction.html")


@router.post("/buyer/jump", summary="Tour: jump to the close")
def send_jump(request: Request, form: pages.Sent, _: Public) -> Response:  # noqa: ARG001 - the form checks the origin
    """Let the market's clock run to the end at once."""
    return visits.moved(request, Role.BUYER, Kind.JUMP, "", "auction")


@router.get("/buyer/award", summary="Tour: page to award")
def show_tour_award(request: Request, _: Public) -> Response:
    """Compare the ways to award, each counted out to the cent."""
    scene, elsewhere = visits.arrived(request, Role.BUYER, "award")
    if scene is None or scene.play is None or scene.market is None:
        return elsewhere or visits.over(request)
    shown = tuple(views.way_view(scene.play, way) for way in scene.ways)
    heads = tuple((one.lot.name, receipts.head(one, scene.tour.seed)) for one in scene.market.lots)
    return _page(request, scene, "award", ways=shown, heads=heads, today=scene.play.need.today)


@router.post("/buyer/award", summary="Tour: award")
def send_tour_award(request: Request, form: pages.Sent, _: Public) -> Response:
    """Award in one of the ways shown: from here on the winners know who asked."""
    return visits.moved(request, Role.BUYER, Kind.AWARD, form.text("way"), "result")


@router.get("/buyer/result", summary="Tour: page of what winners learn")
def show_tour_reveal(request: Request, _: Public) -> Response:
    """Show what each winner learns now, and what everybody else is told."""
    scene, elsewhere = visits.arrived(request, Role.BUYER, "result")
    if scene is None or scene.play is None or scene.market is None or scene.chosen is None:
        return elsewhere or visits.over(request)
    return _page(
        request,
        scene,
        "result",
        way=views.way_view(scene.play, scene.chosen),
        reveals=views.reveals(scene.play, scene.chosen),
        losers=views.losers(scene.market, scene.chosen),
        today=scene.play.need.today,
        pseudonym=views.pseudonym(scene.tour.seed),
    )


def _auction(request: Request, template: str) -> Response:
    scene, elsewhere = visits.arrived(request, Role.BUYER, "auction")
    if scene is None or scene.play is None or scene.market is None:
        return elsewhere or visits.over(request)
    return pages.render(
        request, template, **_frame(request, scene, "auction"), **_live(request, scene.play, scene.market)
    )


def _live(request: Request, play: Play, market: Market) -> dict[str, Any]:
    _ = pages.words(request)
    shown = views.buyer_auction(play, market, machine_now())
    names = (_("Best complete total"), _("Best offers together"))
    drawn = course.chart(request, shown.course, shown.clock.passed, (_("Today"), shown.today), names)
    return {"auction": shown, "preset": play.preset, "need": play.need, "chart": drawn}


def _frame(request: Request, scene: Scene, step: str) -> dict[str, Any]:
    _ = pages.words(request)
    labels = (_("Need"), _("What carriers see"), _("Rules"), _("Auction"), _("Award"), _("Reveal"))
    return {"steps": visits.steps(scene, step, labels), "currency": "USD"}


def _page(request: Request, scene: Scene, step: str, **context: Any) -> Response:
    return pages.render(request, f"tour/buyer_{step}.html", **_frame(request, scene, step), **context)
