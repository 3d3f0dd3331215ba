"""Coverage-guided fuzzing of parser and binder: ``pip install atheris``, then
``python tests/language/run_atheris.py -max_total_time=600``. Options are libFuzzer's."""

from __future__ import annotations

import sys


def main() -> None:
    """Fuzz until the time is over or something breaks."""
    import atheris  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

    sys.path[:0] = [".", "tests/engine", "tests/language"]
    with atheris.instrument_imports(include=["drasi_nb.language", "drasi_nb.plan"]):
        from fuzzing import WORDS, check

        from drasi_nb.language.dialects import CYPHER, GQL

    def one(data: bytes) -> None:
        """Read bytes as a dialect and a mix of words and characters."""
        provider = atheris.FuzzedDataProvider(data)
        dialect = (CYPHER, GQL)[provider.ConsumeBool()]
        pieces = list[str]()
        while provider.remaining_bytes():
            if provider.ConsumeBool():
                pieces.append(provider.PickValueInList(WORDS))
            else:
                pieces.append(provider.ConsumeUnicodeNoSurrogates(3))
        check(" ".join(pieces), dialect)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
