"""Write the static files of the land that maps are drawn on, from the vendored borders.

Usage: .venv/bin/python tools/draw_maps.py   (again whenever tools/vendor_assets.py brought other borders)
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from marketplace.terminals.maps.sheets import US_SHEET, WORLD_SHEET, us_sheet, world_sheet  # noqa: E402 - path first


def main() -> None:
    """Replace both sheets."""
    static = ROOT / "marketplace" / "terminals" / "static"
    for name, sheet in ((US_SHEET, us_sheet()), (WORLD_SHEET, world_sheet())):
        (static / name).parent.mkdir(exist_ok=True)
        (static / name).write_text(sheet, encoding="utf-8")


if __name__ == "__main__":
    main()
