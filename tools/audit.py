"""Look for published weaknesses of what is locked, and for secrets that were committed by mistake.

Usage: python tools/audit.py components   (asks the package index, then osv.dev; says aloud when neither answers)
       python tools/audit.py secrets      (needs no network; --write keeps what is found as the list of what is none)
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detect_secrets import SecretsCollection
from detect_secrets.core import baseline
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parent.parent
KNOWN = ROOT / ".secrets.baseline"
"""What looks like a secret and is none, and with what is looked."""
SERVICES = ("pypi", "osv")
BINARY = {".png", ".woff2", ".po", ".svg"}
BIN = Path(sys.executable).parent


def components() -> int:
    """Return 1 if a locked component has a published weakness, 0 if none is known or nobody could be asked."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "components.txt"
        lock = ("uv", "export", "--frozen", "--all-groups", "--all-extras", "--no-emit-project", "-q")
        subprocess.run([*lock, "-o", str(listed)], cwd=ROOT, check=True)  # noqa: S603 - our own words
        for service in SERVICES:
            told = _asked(service, listed)
            audited = [one for one in told if "skip_reason" not in one]
            weak = [one for one in audited if one["vulns"]]
            for one in weak:
                names = ", ".join(vuln["id"] for vuln in one["vulns"])
                mended = ", ".join(sorted({fix for vuln in one["vulns"] for fix in vuln["fix_versions"]})) or "nothing"
                _say(f"{one['name']} {one['version']}: {names}; mended in {mended}")
            if audited:
                _say(f"{service}: {len(audited)} components audited, {len(told) - len(audited)} unknown to it,")
                _say(f"{len(weak)} with published weaknesses")
                return 1 if weak else 0
    _say("=" * 80)
    _say(f"NOT AUDITED: neither {' nor '.join(SERVICES)} told anything of any component from this machine.")
    _say("Run `make audit` where https://pypi.org or https://api.osv.dev can be reached, before a release.")
    _say("=" * 80)
    return 0


def _asked(service: str, listed: Path) -> list[dict[str, Any]]:
    """Return what a service tells of each component; nothing if it does not answer."""
    options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json", "-s", service)
    command = [str(BIN / "pip-audit"), "-r", str(listed), *options]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        _say(f"{service} can't be asked: {done.stderr.strip().rpartition(chr(10))[2]}")
        return []
    return dependencies


def secrets(*, write: bool = False) -> int:
    """Return 1 if a file holds what looks like a secret and is not among what a person has found to be none."""
    os.chdir(ROOT)
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    with transient_settings(known):
        found = SecretsCollection()
        found.scan_files(*_files())
        if write:
            for _, secret in found:
                secret.is_secret = False
            baseline.save_to_file(baseline.format_for_output(found, is_slim_mode=True), str(KNOWN))
            return 0
        fresh = sorted((name, secret.line_number, secret.type) for name, secret in found - baseline.load(known))
    for name, line, kind in fresh:
        _say(f"{name}:{line}: {kind}")
    if fresh:
        _say("Take secrets out and change them. What is none: python tools/audit.py secrets --write, and say why.")
    return 1 if fresh else 0


def _files() -> Iterator[str]:
    """Yield the names of the texts that are, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    for name in listed.stdout.split("\0"):
        if name and Path(name).suffix not in BINARY and (ROOT / name).is_file():
            yield name


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program of the command line


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["components"]:
            sys.exit(components())
        case ["secrets"]:
            sys.exit(secrets())
        case ["secrets", "--write"]:
            sys.exit(secrets(write=True))
        case _:
            sys.exit(__doc__)
