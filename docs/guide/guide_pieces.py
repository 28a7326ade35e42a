"""A builder for Sphinx that writes each page as JSON (title, body, contents) without a frame or a script of its own."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinxcontrib.serializinghtml import JSONHTMLBuilder


class Pieces(JSONHTMLBuilder):
    """Pages that link to each other as ``buyer.html``; nothing is written that the marketplace does not serve."""

    name = "pieces"
    search = False

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return a page's address beside the others."""
        return StandaloneHTMLBuilder.get_target_uri(self, docname, typ)

    def copy_static_files(self) -> None:
        """Copy nothing: style and scripts are the marketplace's own."""

    def copy_assets(self) -> None:
        """Copy the pictures alone."""
        self.copy_image_files()

    def write_buildinfo(self) -> None:
        """Write nothing: make knows what is newer than what."""

    def handle_finish(self) -> None:
        """Write neither an index nor an inventory."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the builder known to Sphinx."""
    app.setup_extension("sphinxcontrib.serializinghtml")
    app.add_builder(Pieces)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
