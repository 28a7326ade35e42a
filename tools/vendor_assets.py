"""Fetch the font, icons, maps and script of the pages from npm, at pinned versions, and write what was taken down.

Usage: .venv/bin/python tools/vendor_assets.py   (needs npm; whoever only builds or runs the pages does not: the files
are committed in marketplace/terminals/static/vendor, their checksums in vendor.lock, their licences in LICENSES)
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "marketplace" / "terminals" / "static" / "vendor"
LICENCES = ROOT / "LICENSES"

ICONS = """
adjustments alert-circle alert-triangle arrow-back-up arrow-down arrow-left arrow-right arrow-up arrows-sort award ban
bell bolt briefcase building buildings calendar chart-bar chart-dots chart-line check chevron-down chevron-left
chevron-right chevron-up circle circle-check circle-x clock cloud coin copy device-mobile dots download edit eraser
external-link eye eye-off file file-certificate file-spreadsheet file-text files filter flag gavel git-compare
hand-stop help-circle history home hourglass info-circle key keyboard line link list list-details lock lock-open login
logout mail map map-pin menu-2 message messages minus moon network note paperclip pencil percentage phone player-pause
player-play plus pointer printer qrcode receipt refresh router scale search send server settings shield shield-check
shield-lock signature square star sun table tag target transfer trash trending-down trophy typography upload user
user-plus users wifi world x
""".split()  # noqa: SIM905 - a name a line would be two screens of names
"""Names of Tabler's outline icons: each becomes a symbol of the same name in icons.svg."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of ours made from files of one npm package; ``make`` gets the package's unpacked folder."""

    package: str
    version: str
    licence: str
    file: str
    make: Callable[[Path], bytes]


def _copy(path: str) -> Callable[[Path], bytes]:
    return lambda folder: (folder / path).read_bytes()


def _htmx_with_stream(folder: Path) -> bytes:
    # as two deferred scripts the stream is sometimes never opened: the core starts before its extension registers
    parts = (folder / "dist" / "htmx.min.js", folder / "dist" / "ext" / "hx-sse.min.js")
    texts = (re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "", part.read_text(encoding="utf-8")) for part in parts)
    return (";\n".join(text.rstrip().rstrip(";") for text in texts) + ";\n").encode()


def _sprite(folder: Path) -> bytes:
    symbols = [_symbol(name, (folder / "icons" / "outline" / f"{name}.svg").read_text("utf-8")) for name in ICONS]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>\n"]).encode()


def _symbol(name: str, svg: str) -> str:
    """Return one icon as a symbol that takes the colour of the text around it."""
    shapes = re.findall(r"<(?!svg|/svg|!--)[^>]+>", svg)
    drawn = "".join(re.sub(r"\s+", " ", shape).replace(" />", "/>") for shape in shapes if 'stroke="none"' not in shape)
    look = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    return f'<symbol id="{name}" viewBox="0 0 24 24" {look}>{drawn}</symbol>'


ASSETS = (
    Asset("htmx.org", "4.0.1", "0BSD", "htmx-with-stream.js", _htmx_with_stream),
    Asset(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "inter-latin-wght-normal.woff2",
        _copy("files/inter-latin-wght-normal.woff2"),
    ),
    Asset("@tabler/icons", "3.51.0", "MIT", "icons.svg", _sprite),
    Asset("us-atlas", "3.0.1", "ISC", "states-albers-10m.json", _copy("states-albers-10m.json")),
    Asset("world-atlas", "2.0.2", "ISC", "countries-110m.json", _copy("countries-110m.json")),
)


def main() -> None:
    """Replace the vendored files, their licences and ``vendor.lock``."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch the packages, and is not on the path")
    VENDOR.mkdir(parents=True, exist_ok=True)
    LICENCES.mkdir(exist_ok=True)
    entries = []
    for asset in ASSETS:
        with tempfile.TemporaryDirectory() as place:
            package = _unpack(npm, asset, Path(place))
            made = asset.make(package)
            licence = (package / "LICENSE").read_bytes()
        (VENDOR / asset.file).write_bytes(made)
        (LICENCES / f"{_plain(asset.package)}.txt").write_bytes(licence)
        entries.append(_entry(asset, made))
    (VENDOR / "vendor.lock").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _unpack(npm: str, asset: Asset, place: Path) -> Path:
    """Return the folder of the package, whose checksum npm has compared with the registry's."""
    command = [npm, "pack", f"{asset.package}@{asset.version}", "--silent"]
    packed = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True)  # noqa: S603 - no shell
    with tarfile.open(place / packed.stdout.split()[-1]) as archive:
        archive.extractall(place, filter="data")
    return place / "package"


def _entry(asset: Asset, made: bytes) -> dict[str, str]:
    return {
        "name": asset.package,
        "version": asset.version,
        "licence": asset.licence,
        "licence_file": f"LICENSES/{_plain(asset.package)}.txt",
        "file": asset.file,
        "sha256": hashlib.sha256(made).hexdigest(),
    }


def _plain(package: str) -> str:
    return package.removeprefix("@").replace("/", "-")


if __name__ == "__main__":
    main()
