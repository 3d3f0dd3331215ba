"""The flagship in a real JupyterLab: rows appear, change and leave; buttons, theme, reload."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.lab import CHROMIUM_ARGS, LabServer, open_notebook, run_cells, show_cell

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "screenshots"
CHROMIUM = shutil.which("chromium")
TABLE = "[data-testid=drasi-query-in_the_air]"
LIVE_CELLS = 13  # up to the view of the runtime


def text(page: Page, part: str) -> str:
    return page.locator(f"{TABLE} [data-testid={part}]").first.inner_text()


def wait_change(page: Page, part: str, before: str) -> None:
    page.wait_for_function(
        "([css, before]) => { const e = document.querySelector(css); return e && e.innerText !== before; }",
        arg=[f"{TABLE} [data-testid={part}]", before],
        timeout=30_000,
    )


@pytest.mark.timeout(240)
@pytest.mark.skipif(
    CHROMIUM is None, reason="this machine has no chromium (Debian package chromium)"
)
def test_flagship_lives(tmp_path: Path) -> None:
    SHOTS.mkdir(exist_ok=True)
    for name in ("01_flights.ipynb", "flights.py"):
        shutil.copy(ROOT / "notebooks" / name, tmp_path)
    scratch = tmp_path / "jupyter"
    scratch.mkdir()
    errors: list[str] = []
    with LabServer(tmp_path, scratch) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_notebook(page, server, "01_flights.ipynb")
        run_cells(page, LIVE_CELLS)
        table = page.locator(TABLE).first
        table.wait_for(state="attached", timeout=60_000)
        table.scroll_into_view_if_needed()
        page.wait_for_function(
            "(css) => document.querySelectorAll(css + ' tbody tr').length > 3",
            arg=TABLE,
            timeout=30_000,
        )
        # rows move: a row that changed is marked, and the cells are others a moment later
        before = table.inner_text()
        page.wait_for_function(
            "([css, before]) => document.querySelector(css).innerText !== before",
            arg=[TABLE, before],
            timeout=30_000,
        )
        page.wait_for_selector(f"{TABLE} [data-op]", state="attached", timeout=30_000)
        page.screenshot(path=SHOTS / "live_light.png")

        page.locator(f"{TABLE} [data-testid=drasi-stop]").first.click()
        page.wait_for_function(
            "(css) => document.querySelector(css).innerText.includes('Stopped')",
            arg=f"{TABLE} [data-testid=drasi-status]",
            timeout=30_000,
        )
        page.screenshot(path=SHOTS / "stopped.png")
        page.locator(f"{TABLE} [data-testid=drasi-start]").first.click()
        page.wait_for_function(
            "(css) => document.querySelector(css).innerText.includes('Running')",
            arg=f"{TABLE} [data-testid=drasi-status]",
            timeout=30_000,
        )

        page.evaluate(
            "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
        page.wait_for_selector(
            "body[data-jp-theme-light=false]", state="attached", timeout=30_000
        )
        page.screenshot(path=SHOTS / "live_dark.png")

        show_cell(page, 13)
        page.locator("[data-testid=drasi-runtime]").first.wait_for(
            state="attached", timeout=30_000
        )
        page.screenshot(path=SHOTS / "runtime_dark.png")

        # after a reload the view asks the living kernel for a snapshot and goes on
        page.evaluate(
            "async () => { await window.jupyterapp.commands.execute('docmanager:save'); }"
        )
        open_notebook(page, server, "01_flights.ipynb")
        show_cell(page, 5)
        try:
            page.wait_for_function(
                "(css) => document.querySelectorAll(css + ' tbody tr').length > 3",
                arg=TABLE,
                timeout=30_000,
            )
        finally:
            page.screenshot(path=SHOTS / "reloaded.png")
        browser.close()
    assert not errors, errors
