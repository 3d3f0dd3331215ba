"""The Binder environment, built from its own files, runs the flagship."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(420)
def test_flagship_runs_in_the_binder_environment(tmp_path: Path) -> None:
    """requirements.txt, then postBuild with only that environment on the path, then the notebook."""
    assert (ROOT / "binder" / "runtime.txt").read_text().strip() == "python-3.11"
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)
    clone = tmp_path / "clone"
    shutil.copytree(
        ROOT,
        clone,
        ignore=shutil.ignore_patterns(
            ".venv*", "node_modules", ".git", "screenshots", ".*cache*"
        ),
    )
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"]
    subprocess.run(install, cwd=clone, check=True)
    env = {
        **os.environ,
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "NB_PYTHON_PREFIX": str(environment),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    env.pop("PYTHONPATH", None)
    subprocess.run(["binder/postBuild"], cwd=clone, env=env, check=True)
    overrides = environment / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert "commsOverSubshells" in overrides.read_text()
    subprocess.run(
        [environment / "bin" / "jupyter", "execute", "01_flights.ipynb"],
        cwd=clone / "notebooks",
        env=env,
        check=True,
    )
