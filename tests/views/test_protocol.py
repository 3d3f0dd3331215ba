"""The TypeScript side of the protocol is generated, never edited."""

import subprocess
import sys

from drasi_nb.views import protocol


def test_typescript_file_is_what_the_python_shapes_say() -> None:
    """After a change of a shape: python -m drasi_nb.views.protocol."""
    assert protocol.TYPESCRIPT.read_text(encoding="utf-8") == protocol.typescript()


def test_optional_and_union_fields_are_typed() -> None:
    text = protocol.typescript()

    assert "  buffer?: number;" in text
    assert "  cells: (string | number | boolean | null)[];" in text
    assert "export type Part = Snapshot | Delta | QueryState | RuntimeState | Notice;" in text


def test_module_writes_the_file_and_prints_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "drasi_nb.views.protocol"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert run.stdout == ""
