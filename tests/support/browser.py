"""A page in headless Chromium: what it asks of the network, what it says on the console, and how wide it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
    "--disable-features=NetworkTimeServiceQuerying", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && !e.closest("svg")
    && e.getBoundingClientRect().right > innerWidth + 0.5);
  const small = [...document.querySelectorAll("svg text")].map(e => e.getBoundingClientRect().height);
  parent.postMessage(JSON.stringify({inner: innerWidth, page: document.documentElement.scrollWidth,
    wide: wide.map(e => e.tagName + "." + e.className).slice(0, 5), text: Math.min(99, ...small),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor,
    requests: performance.getEntriesByType("resource").map(e => e.name)}), "*");
});
</script>"""
# A window is never less than 500 pixels wide, so the page is looked at in a frame
OUTER = """<!DOCTYPE html><title></title>
<script>addEventListener("message", e => { document.title = e.data; });</script>
<iframe style="width: %dpx; height: 2000px; border: 0" srcdoc="%s"></iframe>"""
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@dataclass(frozen=True, slots=True)
class Look:
    """`inner` and `page` are the widths of window and page in pixels, `wide` elements that stand out of the window,
    `text` the least height of text in a picture; `dark` whether it was asked for dark colours, `background` the colour
    behind its text; `requests` are the URLs that it asked for, `console` what it wrote on the console."""

    inner: int
    page: int
    wide: list[str]
    text: float
    dark: bool
    background: str
    requests: list[str]
    console: list[str]


def look(page: Path, width: int, scratch: Path, dark: bool = False) -> Look:
    """Open a page ``width`` pixels wide, for a reader who wants ``dark`` colours or light ones.

    Skips the test where there is no Chromium. All files go to ``scratch``.
    """
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / "probed.html"
    text = page.read_text(encoding="utf-8")
    probed = POLICY.sub("", text).replace("</body>", f"{PROBE}</body>")
    copy.write_text(OUTER % (width, escape(probed)), encoding="utf-8")
    where = [f"--user-data-dir={scratch / 'profile'}", "--window-size=1600,2100"]
    where.append(f"--blink-settings=preferredColorScheme={0 if dark else 1}")
    command = [CHROMIUM, *FLAGS, *where, "--dump-dom", copy.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>(\{.*?\})</title>", done.stdout)
    assert found, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Look(**json.loads(unescape(found[1])), console=console)
