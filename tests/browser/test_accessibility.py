"""axe-core finds nothing serious on any page, in light and in dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

DOCS = Path(__file__).parents[2] / "docs"
OPTIONS = {"resultTypes": ["violations"], "iframes": False}
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # all that another scheme can change


def path_of(page: Path) -> str:
    name = page.relative_to(DOCS).with_suffix("").as_posix()
    return "/" + name.removesuffix("index") + ("" if name.endswith("index") else "/")


PATHS = [*sorted(map(path_of, DOCS.rglob("*.md"))), "/no-such-page/"]


def serious(found: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']}: {node['html'][:200]}\n    {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_is_kept_out(page: Page, path: str):
    page.emulate_media(color_scheme="light")
    page.goto(path)
    light = serious(Axe().run(page, options=OPTIONS).response)
    page.emulate_media(color_scheme="dark")
    page.reload()
    dark = serious(Axe().run(page, options={**OPTIONS, "runOnly": OF_COLOURS}).response)

    assert not light, "light: " + "\n".join(light)
    assert not dark, "dark: " + "\n".join(dark)
