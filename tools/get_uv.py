"""Fetch uv's wheel from the Python package index into a folder: for a Python that has neither venv nor pip.

Usage: python3 tools/get_uv.py VERSION FOLDER   (the program is then FOLDER/bin/uv)
"""

import hashlib
import io
import os
import platform
import sys
import urllib.request
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

INDEX = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
WHEEL_TAGS = {
    ("Linux", "x86_64"): ("manylinux", "x86_64"),
    ("Linux", "aarch64"): ("manylinux", "aarch64"),
    ("Darwin", "x86_64"): ("macosx", "x86_64"),
    ("Darwin", "arm64"): ("macosx", "arm64"),
}


class _Links(HTMLParser):
    """Collects the links of a simple index page (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the target of a link."""
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.found.append(target)


def main(version: str, folder: Path) -> None:
    """Put ``bin/uv`` of ``version`` into ``folder``; the wheel's SHA-256 must be the index's."""
    page = f"{INDEX.rstrip('/')}/uv/"
    links = _Links()
    links.feed(_read(page).decode())
    url, digest = _choose([urljoin(page, link) for link in links.found], version)
    wheel = _read(url)
    if hashlib.sha256(wheel).hexdigest() != digest:
        sys.exit(f"{url} is not what the index says it is")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        program = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        target = folder / "bin" / "uv"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(program))
        target.chmod(0o755)


def _choose(urls: list[str], version: str) -> tuple[str, str]:
    """Return the address and SHA-256 of the wheel for this machine."""
    tags = WHEEL_TAGS.get((platform.system(), platform.machine()))
    for url in urls:
        address, fragment = urldefrag(url)
        name = urlsplit(address).path.rpartition("/")[2]
        if tags and name.startswith(f"uv-{version}-") and name.endswith(".whl") and all(tag in name for tag in tags):
            return address, fragment.removeprefix("sha256=")
    sys.exit(f"no uv {version} for {platform.system()} on {platform.machine()}: install uv, or Python's venv module")


def _read(url: str) -> bytes:
    if not url.startswith(("https://", "http://127.0.0.1", "file://")):
        sys.exit(f"refusing to fetch {url}: not https")
    with urllib.request.urlopen(url, timeout=120) as answer:  # noqa: S310 - the scheme is checked above
        body: bytes = answer.read()
    return body


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
