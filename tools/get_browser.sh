#!/bin/sh
# Chromium for the tests of pages: nothing where one is there, else Debian's package, else the one that Playwright fetches.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then root=; elif command -v sudo >/dev/null 2>&1; then root="sudo -n"; else root=no; fi
  if [ "$root" != no ]; then
    echo "Installing Debian's Chromium"
    export DEBIAN_FRONTEND=noninteractive
    if { $root apt-get update -q && $root apt-get install -q -y --no-install-recommends chromium; } >/dev/null; then exit 0; fi
  fi
fi
echo "Fetching Chromium with Playwright"
exec .venv/bin/playwright install chromium
