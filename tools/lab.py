"""JupyterLab and Chromium for the browser checks: both started here, on a free port, with nothing of the
user's own settings, and ended here."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from notebooks import ROOT, environment

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_READY = """async () => { const app = window.jupyterapp; await app.restored;
    const panel = app.shell.currentWidget; await panel.context.ready;
    await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info; }"""
_EXECUTE = """async code => { const panel = window.jupyterapp.shell.currentWidget; let said = "";
    const kernel = panel.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code, store_history: false });
    future.onIOPub = ({ content, header }) => {
        if (header.msg_type === "stream") said += content.text;
        if (header.msg_type === "error") said += content.traceback.join("\\n"); };
    const reply = await future.done; return [reply.content.status, said]; }"""


def chromium() -> str | None:
    "Where Chromium is, None where it is not."
    return os.environ.get("CHROMIUM") or next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


@contextmanager
def jupyter_lab(folder: Path, **variables: str):
    "JupyterLab on a folder of notebooks, with these in its environment; gives its address."
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="amodal-sam-lab-", ignore_cleanup_errors=True) as own:
        names = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        news = Path(own, "settings", "@jupyterlab", "apputils-extension", "notification.jupyterlab-settings")
        news.parent.mkdir(parents=True)
        news.write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )  # else a question lies over the page
        options = [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--port-retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            f"--ServerApp.root_dir={folder}",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
            "--ServerApp.terminals_enabled=False",
            "--LabApp.expose_app_in_browser=True",
            f"--config={ROOT / 'tools' / 'lab_config.py'}",
        ]
        log = Path(own, "log")
        with log.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyter", "lab", *options],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment(
                    PYTHONPATH=str(ROOT),
                    **{name: str(Path(own, place)) for name, place in names.items()},
                    **variables,
                ),
            )
            try:
                _wait(server, f"http://127.0.0.1:{port}", log)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()
                try:
                    server.wait(15)
                except subprocess.TimeoutExpired:
                    server.kill()


def _wait(server: subprocess.Popen, address: str, log: Path):
    "Until the server answers."
    for _ in range(240):
        try:
            return urlopen(f"{address}/api/status", timeout=2).close()
        except (URLError, OSError):
            time.sleep(0.25)
        if server.poll() is not None:
            break
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


@contextmanager
def browser():
    "Chromium, driven by Playwright."
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium(), args=_FLAGS)
        try:
            yield running
        finally:
            running.close()


class Notebook:
    "One notebook, open in JupyterLab."

    def __init__(self, page, address: str, folder: Path, name: str):
        self.page, self.folder, self.name, self.errors = page, folder, name, []
        page.on(
            "console", lambda message: self.errors.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open(address)

    def open(self, address: str):
        self.address = address
        self.page.goto(f"{address}/lab/tree/{self.name}?reset")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.page.evaluate(_READY)

    def command(self, name: str):
        return self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def shows(self, selector: str, seconds: int = 20) -> bool:
        "Does the page come to show such an element?"
        try:
            self.page.locator(selector).first.wait_for(timeout=1000 * seconds)
        except Exception:  # playwright's time-out
            return False
        return True

    def run_all(self):
        if not self.command("notebook:run-all-cells"):
            raise AssertionError(
                f"{self.name}: a cell failed:\n{self.page.locator('.jp-OutputArea').all_text_contents()}"
            )

    def python(self, code: str) -> str:
        "Run code in the notebook's kernel, and give what it prints."
        status, said = self.page.evaluate(_EXECUTE, code)
        if status != "ok":
            raise AssertionError(said)
        return said.strip()
