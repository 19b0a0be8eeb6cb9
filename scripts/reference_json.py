"""The page of the reference that says what `--json` prints, and its JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from talkbase import errors
from talkbase.interfaces.cli import _schemas


def pages(page: Callable[..., str], table: Callable[..., str]) -> dict[str, Callable[[], str]]:
    """The page and every schema, by file name; `page` and `table` lay them out."""
    schemas = {f"schemas/{_file(name)}": _schema_file(name) for name in _schemas.CONTRACTS}
    return {"json.md": lambda: _json_page(page, table), **schemas}


def _json_page(page: Callable[..., str], table: Callable[..., str]) -> str:
    parts = []
    for name in _schemas.CONTRACTS:
        schema = _schemas.schema(name)
        parts += [
            f"## {name}",
            f"[schema](schemas/{_file(name)}) · {_shape(schema)}",
            table(
                ("key", "type", "meaning"), list(_rows(schema, schema, "[]." if schema.get("type") == "array" else ""))
            ),
        ]
    codes = sorted({(kind.code, kind.exit_code, _first(kind)) for kind in _kinds(errors.TalkbaseError)})
    return page(
        "What --json prints",
        "One JSON value on standard output, and nothing else there; messages go to standard error. Keys are stable: a "
        "later version may add some. Times are seconds with at most three decimals; moments are ISO 8601.",
        "## Errors",
        'Where a command ends before it has a result, it prints `{"error": {"code", "message", "hint"}}`; `hint` '
        "may be null. The exit code tells such a value from a result.",
        table(
            ("code", "exit code", "meaning"), [(f"`{code}`", str(exit_code), text) for code, exit_code, text in codes]
        ),
        *parts,
    )


def _kinds(kind: type[errors.TalkbaseError]) -> Iterator[type[errors.TalkbaseError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _first(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _shape(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return "a list, one object for each"
    return "one of two objects" if "anyOf" in schema else "an object"


def _rows(part: dict[str, Any], schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    part = _resolved(part, schema)
    if part.get("type") == "array":
        yield from _rows(part["items"], schema, prefix)
    for choice in part.get("anyOf", []) if "properties" not in part else []:
        yield from _rows(choice, schema, prefix)
    for name, inner in part.get("properties", {}).items():
        yield f"`{prefix}{name}`", _type(inner, schema), inner.get("description", "")
        below = _resolved(inner, schema)
        if below.get("type") == "array":
            yield from _rows(below["items"], schema, f"{prefix}{name}[].")


def _type(part: dict[str, Any], schema: dict[str, Any]) -> str:
    part = _resolved(part, schema)
    if "anyOf" in part:
        return " or ".join(_type(choice, schema) for choice in part["anyOf"])
    kind = str(part.get("type", "any"))
    if kind == "array":
        return f"list of {_type(part['items'], schema)}"
    return {"uuid": "id", "date-time": "moment", "path": "path"}.get(str(part.get("format")), kind)


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return found


def _file(name: str) -> str:
    return f"{name.replace(' ', '-')}.json"


def _schema_file(name: str) -> Callable[[], str]:
    return lambda: json.dumps(_schemas.schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
