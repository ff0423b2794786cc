"""Draw the picture that link previews show, in the site's own type and colours.

python tools/social_card.py    # writes docs/assets/social-card.png; needs Chromium and Playwright
"""

from __future__ import annotations

import shutil
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import sync_playwright

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
SIZE = {"width": 1200, "height": 630}  # what ogp.me's readers crop to
FONTS = {"Fraunces": "fraunces", "Inter": "inter", "Mono": "jetbrains-mono"}
CARD = """<!doctype html><meta charset="utf-8"><style>
* { box-sizing: border-box; margin: 0 }
body {
  display: flex; flex-direction: column; width: 1200px; height: 630px; padding: 72px 80px;
  border-bottom: 12px solid #b23a0a; background: #fdfbf7; color: #211c18; font-family: Inter;
}
div { display: flex; gap: 20px; align-items: center; font: 600 34px Fraunces }
div svg { width: 52px }
h1 { margin: 54px 0 20px; font: 600 84px/1.05 Fraunces; letter-spacing: -0.015em }
p { max-width: 960px; color: #5f564d; font-size: 31px; line-height: 1.4; text-wrap: balance }
code {
  display: flex; align-items: center; margin-top: auto; padding: 22px 28px; font: 500 25px Mono;
  border: 2px solid #e5ddd1; border-radius: 12px; background: #f5f0e7; white-space: pre;
}
i { color: #9c2f62; font-style: normal }
b { color: #2f6b2f; font-weight: 500 }
span { display: flex; gap: 10px; margin-left: auto; color: #0b6287; font: 500 22px Inter }
span svg { width: 26px; fill: none; stroke: currentcolor; stroke-width: 1.5 }
</style>
<div>LOGO Linernotes</div>
<h1>Building with Claude</h1>
<p>A handbook with Python examples that are run before they are published.</p>
<code>messages.create(<i>model</i>=<b>"claude-sonnet-5-5"</b>, …)<span><svg viewBox="0 0 16 16"
><circle cx="8" cy="8" r="6.3"/><path d="m4.9 8 2.2 2.2 4-4"/></svg>Verified simulated</span></code>
"""


def face(family: str, name: str) -> str:
    """Return the rule of a font that the site has, with the font in it."""
    data = b64encode((ASSETS / "fonts" / f"{name}.woff2").read_bytes()).decode()
    source = f"url(data:font/woff2;base64,{data})"
    return f'@font-face {{ font-family: "{family}"; font-weight: 100 900; src: {source} }}\n'


def main() -> None:
    """Draw the card."""
    faces = "".join(face(family, name) for family, name in FONTS.items())
    logo = (ASSETS / "logo.svg").read_text(encoding="utf-8")
    card = CARD.replace("<style>", f"<style>{faces}", 1).replace("LOGO", logo)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": SIZE["width"], "height": SIZE["height"]})
        page.set_content(card)
        page.evaluate("document.fonts.ready.then(() => true)")
        page.screenshot(path=ASSETS / "social-card.png")
        browser.close()


if __name__ == "__main__":
    main()
