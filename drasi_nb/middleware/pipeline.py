"""Middlewares one after another, between one source and one query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.building import Config, build
from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.protocol import Middleware, Stateful
from drasi_nb.values.change import Change, accept


class Pipeline:
    """Applies each middleware to all that the one before it made.

    Changes must come as ``accept()`` left them, so that their values belong to no one else.
    A pipeline belongs to one source, because ids are unique in a source only.

    Args:
        steps: Name and middleware of each, in order.
    """

    def __init__(self, steps: Iterable[tuple[str, Middleware]]) -> None:
        self._steps = tuple(steps)
        self._stateful = [step for _, step in self._steps if isinstance(step, Stateful)]

    @classmethod
    def of(
        cls,
        configs: Sequence[Config],
        names: Sequence[str] | None = None,
        *,
        place: str = "middleware",
        names_place: str = "pipeline",
    ) -> Self:
        """Return the pipeline of the middlewares named, each new; without names, of all.

        Raises:
            ConfigError: A configuration is malformed, or a name is unknown or given twice.
        """
        built = [
            build(config, place=f"{place}[{index}]") for index, config in enumerate(configs)
        ]
        if names is None:
            return cls(built)
        places: dict[str, int] = {}
        for index, (name, _) in enumerate(built):
            if name in places:
                here = Setting(name, f"{place}[{index}].name")
                raise here.error(f"{name!r} is the name of {place}[{places[name]}] too")
            places[name] = index
        steps: list[tuple[str, Middleware]] = []
        for setting in Setting(names, names_place).items():
            name = setting.text()
            if name not in places:
                if not places:
                    raise setting.error(f"unknown middleware {name!r}; there is none")
                raise setting.unknown("middleware", places)
            steps.append(built[places[name]])
        return cls(steps)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the middlewares, in order."""
        return tuple(name for name, _ in self._steps)

    def __call__(self, change: Change) -> list[Change]:
        """Return what the change becomes, in order; all of it is valid.

        Raises:
            ChangeError: A middleware failed or made an invalid change. The text names the
                middleware and the reason, ``element_id`` is that of ``change``; no middleware
                remembers anything of the change.
        """
        changes = [change]
        try:
            for name, step in self._steps:
                changes = [
                    made for one in changes for made in _applied(name, step, one, change)
                ]
        except BaseException:
            for stateful in self._stateful:
                stateful.rollback()
            raise
        for stateful in self._stateful:
            stateful.commit()
        return changes


def _applied(name: str, step: Middleware, one: Change, origin: Change) -> list[Change]:
    try:
        made = list(step(one))
        for out in made:
            if out is not one:
                accept(out)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, ChangeError):
            reason = error.reason
        of = "" if one is origin else f", at {one.id!r} made from this change"
        raise ChangeError(f"middleware {name!r}{of}: {reason}", element_id=origin.id) from error
    return made
