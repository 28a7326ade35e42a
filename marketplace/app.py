"""The web application: routes of all rooms, how callers are recognised, and the worker's loops if asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute

from marketplace import wiring, worker
from marketplace.identity import sessions
from marketplace.kernel import http
from marketplace.kernel.access import Principal
from marketplace.kernel.config import Settings
from marketplace.wiring import Marketplace

DESCRIPTION = "A reverse-auction marketplace for telecom services: carriers compete for buyers they cannot identify."


def create_app(market: Marketplace | None = None) -> FastAPI:
    """Return the application of ``market`` (by default the one that the environment configures)."""
    market = market or wiring.assemble(Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if not market.settings.worker:
            yield
            return
        with worker.working(market):
            yield

    def authenticate(request: Request) -> Principal:
        return sessions.authenticate(market.workshop, request.headers.get("authorization", ""))

    app = FastAPI(
        title="Tenderline",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # the interactive page would load its parts from a foreign server
        redoc_url=None,
    )
    app.state.market = market
    app.state.workshop = market.workshop
    app.state.authenticate = authenticate
    app.state.answer_sealer = market.vault.sealer("answers")
    http.install(app)
    for router in wiring.ROUTERS:
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    """Return the name of the route's function: routes read like sentences, and so do generated clients."""
    return route.name
