"""The registry: one reader, exporter, stage, source or command is one file, found in its folder without being listed.

A module of the kind's package offers its plugin as a variable named after the kind (`reader = WebVTT()`); the file's
name, without a trailing underscore, is the plugin's name. Modules whose names begin with an underscore are helpers.
Foreign packages join by entry points in the group `talkbase.<kind>`. Nothing is imported before it is asked for; a
plugin that cannot be loaded is skipped and named in `Registry.broken`, which `talkbase doctor` shows.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, Generic, NamedTuple, TypeVar

from talkbase.errors import NotFound

T = TypeVar("T")
Loader = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of plugin: the package its files are in, the variable that each offers, and what that must have."""

    package: str
    variable: str
    needs: tuple[str, ...] = ("name",)
    group: str = ""


KINDS: Mapping[str, Kind] = {
    "readers": Kind(
        "talkbase.readers", "reader", ("name", "description", "suffixes", "sniff", "read"), "talkbase.readers"
    ),
    "exporters": Kind(
        "talkbase.exporters", "exporter", ("name", "description", "suffix", "mime", "write"), "talkbase.exporters"
    ),
    "stages": Kind("talkbase.stages", "stage", ("name",), "talkbase.stages"),
    "sources": Kind("talkbase.sources", "source", ("name",), "talkbase.sources"),
    "commands": Kind("talkbase.interfaces.cli", "command", (), "talkbase.commands"),
}


class Broken(NamedTuple):
    """A plugin that was skipped, and why, in one line."""

    name: str
    reason: str


class Registry(Generic[T]):
    """The plugins of one kind, by name; own ones first, then foreign ones, each in alphabetical order."""

    def __init__(self, kind: Kind, loaders: Mapping[str, Loader], clashes: tuple[Broken, ...] = ()) -> None:
        self._kind = kind
        self._loaders = loaders
        self._clashes = clashes

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all plugins that were found; nothing is imported for it."""
        return tuple(self._loaders)

    @property
    def items(self) -> Mapping[str, T]:
        """Every plugin that works, by name. Imports them all."""
        return {name: plugin for name, plugin in self._loaded.items() if not isinstance(plugin, Broken)}

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Every plugin that was skipped, with the reason. Imports them all."""
        return self._clashes + tuple(plugin for plugin in self._loaded.values() if isinstance(plugin, Broken))

    def get(self, name: str) -> T:
        """The plugin of this name; only its own module is imported.

        Raises `NotFound`, naming what there is, for an unknown name and, with the reason, for a broken plugin.
        """
        if name not in self._loaders:
            known = ", ".join(self._loaders) or "none"
            raise NotFound(f"There is no {self._kind.variable} “{name}”.", hint=f"Known are: {known}.")
        plugin = self._load(name)
        if isinstance(plugin, Broken):
            raise NotFound(f"The {self._kind.variable} “{name}” cannot be loaded: {plugin.reason}.")
        return plugin

    @cached_property
    def _loaded(self) -> Mapping[str, T | Broken]:
        return {name: self._load(name) for name in self._loaders}

    def _load(self, name: str) -> T | Broken:
        # Importing runs code of others: whatever it raises (even SystemExit) must not take the rest down.
        try:
            plugin: Any = self._loaders[name]()
        except (Exception, SystemExit) as error:
            return Broken(name, f"{type(error).__name__}: {error}".splitlines()[0])
        missing = [need for need in self._kind.needs if not hasattr(plugin, need)]
        if missing:
            return Broken(name, f"its {self._kind.variable} has no {', '.join(missing)}")
        return plugin  # type: ignore[no-any-return]


@cache
def discover(kind: str) -> Registry[Any]:
    """The registry of one kind of plugin: "readers", "exporters", "stages", "sources" or "commands"."""
    return find(KINDS[kind])


def find(kind: Kind) -> Registry[Any]:
    """Look through the kind's folder and entry points, without importing a plugin."""
    loaders: dict[str, Loader] = {}
    for module in sorted(_modules(kind.package)):
        loaders[module.rstrip("_")] = _from_module(f"{kind.package}.{module}", kind.variable)
    clashes = []
    for point in sorted(entry_points(group=kind.group), key=lambda point: (point.name, point.value)):
        if point.name in loaders:
            clashes.append(Broken(point.name, f"{point.value} has the name of another {kind.variable}"))
        else:
            loaders[point.name] = point.load
    return Registry(kind, loaders, tuple(clashes))


def _modules(package: str) -> list[str]:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return [module.name for module in pkgutil.iter_modules(folders or []) if not module.name.startswith("_")]


def _from_module(module: str, variable: str) -> Loader:
    return lambda: getattr(import_module(module), variable)
