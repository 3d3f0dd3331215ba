"""The committed bundle is what the sources build, and the front-end tests pass."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDGETS = ROOT / "widgets"
STATIC = ROOT / "drasi_nb" / "views" / "static"
MAX_BYTES = 80_000


def npm(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", "--silent", *words], cwd=WIDGETS, capture_output=True, text=True, timeout=110
    )


@pytest.fixture(scope="module")
def node_modules() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: the committed bundle is used as it is")
    folder = WIDGETS / "node_modules"
    if not folder.exists():
        install = npm("ci", "--no-audit", "--no-fund")
        if install.returncode:
            pytest.skip(f"npm ci failed, is there a registry? {install.stderr[-300:]}")
    return folder


def test_bundle_is_built_from_the_sources(node_modules: Path, tmp_path: Path) -> None:
    """After a change in widgets/src: npm run build."""
    built = subprocess.run(
        ["node", "build.mjs", str(tmp_path)], cwd=WIDGETS, capture_output=True, text=True
    )

    assert built.returncode == 0, built.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(path.name for path in STATIC.iterdir())
    for name in names:
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), name


def test_bundle_is_small_and_names_no_host() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) < MAX_BYTES
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


def test_types_are_right(node_modules: Path) -> None:
    run = npm("run", "typecheck")

    assert run.returncode == 0, run.stdout


def test_front_end_logic(node_modules: Path) -> None:
    run = npm("test")

    assert run.returncode == 0, run.stdout[-3000:]


def test_lock_file_names_no_registry() -> None:
    text = (WIDGETS / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in text
    assert "registry.npmjs.org" not in text
