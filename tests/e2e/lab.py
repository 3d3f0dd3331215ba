"""A private JupyterLab and a headless browser."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Page

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps", "--disable-dev-shm-usage",
    "--disable-gpu",
]  # fmt: skip
READY = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  if (!panel?.sessionContext) return false;
  await panel.context.ready;
  if (!panel.sessionContext.isReady || !panel.sessionContext.session?.kernel) return false;
  await panel.sessionContext.session.kernel.info;
  return true;
}"""


class LabServer:
    """JupyterLab on a free loopback port with folders of its own."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root, self.scratch = root, scratch
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        names = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }  # fmt: skip
        quiet = scratch_settings(self.scratch)
        quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        environment = {**os.environ, **{k: str(self.scratch / v) for k, v in names.items()}}
        command = [
            sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root",
            f"--port={self.port}", "--ip=127.0.0.1", "--ServerApp.port_retries=0",
            "--IdentityProvider.token=", "--PasswordIdentityProvider.password_required=False",
            "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={self.root}",
            "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip
        self.log = (self.scratch / "server.log").open("wb")
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError((self.scratch / "server.log").read_text()[-3000:])
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/api/status", timeout=1)
                return self
            time.sleep(0.1)
        raise TimeoutError("jupyter did not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(8)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()


def scratch_settings(scratch: Path) -> Path:
    """Return the file that keeps JupyterLab from asking about news."""
    path = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    path.mkdir(parents=True, exist_ok=True)
    return path / "notification.jupyterlab-settings"


def open_notebook(page: Page, server: LabServer, name: str) -> None:
    """Open a notebook and wait for its kernel by the application's own promises."""
    page.goto(f"{server.url}/doc/tree/{name}", wait_until="domcontentloaded")
    page.wait_for_function("() => !!window.jupyterapp", timeout=60_000)
    page.locator(".jp-NotebookPanel .jp-Notebook").first.wait_for(
        state="visible", timeout=60_000
    )
    end = time.time() + 60
    while not page.evaluate(READY):
        if time.time() > end:
            raise TimeoutError("the kernel is not ready")
        dialog = page.locator(".jp-Dialog .jp-mod-accept")
        if dialog.count():
            dialog.first.click()
        page.wait_for_timeout(150)


def run_cells(page: Page, count: int) -> None:
    """Run the first cells of the notebook, one after another.

    Outputs of another machine go first: JupyterLab does not trust them, and so would not
    show any widget of the notebook after a reload.
    """
    page.evaluate(
        """async (count) => {
          const app = window.jupyterapp;
          const notebook = app.shell.currentWidget.content;
          await app.commands.execute('notebook:clear-all-cell-outputs');
          notebook.activeCellIndex = 0;
          for (let i = 0; i < count; i++) await app.commands.execute('notebook:run-cell-and-select-next');
        }""",
        count,
    )


def show_cell(page: Page, index: int) -> None:
    """Scroll to a cell; JupyterLab keeps cells out of sight out of the document."""
    page.evaluate(
        """async (index) => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = index;
          await notebook.scrollToItem(index, 'start');
        }""",
        index,
    )
