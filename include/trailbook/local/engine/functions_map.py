"""The allow-list of functions on maps, which keep the order of their entries."""

from collections.abc import Callable, Mapping, Sequence

from trailbook.local.engine.casts import failure
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.once import once_text
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import UNKNOWN, Type, duckdb_type, field_name, mapping, text


def _checked(pairs: str, kind: Type) -> str:
    """Return a map of entries (k, v) after looking for NULL and equal keys."""
    absent = failure("INVALID_FUNCTION_ARGUMENT", "map key cannot be null", kind)
    twice = failure("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed", kind)

    def build(entries: str) -> str:
        keys = f"list_transform({entries}, lambda m: m.k)"
        return (
            f"CASE WHEN list_position({keys}, NULL) > 0 THEN {absent} WHEN len(list_distinct({keys})) < len({keys}) "
            f"THEN {twice} ELSE CAST(map_from_entries({entries}) AS {duckdb_type(kind)}) END"
        )

    return once_text(pairs, build)


def _plain_key(kind: Type) -> None:
    if kind.args:
        raise not_supported(f"a map with keys of {kind}")


def _map(args: Sequence[Sql]) -> str:
    keys, values = args[0].text, args[1].text
    kind = mapping(args[0].type.args[0], args[1].type.args[0])
    _plain_key(kind.args[0])
    lengths = failure("INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length", kind)
    pairs = f"list_transform(list_zip({keys}, {values}), lambda z: struct_pack(k := z[1], v := z[2]))"
    return (
        f"CASE WHEN {keys} IS NULL OR {values} IS NULL THEN NULL WHEN len({keys}) <> len({values}) THEN {lengths} "
        f"ELSE {_checked(pairs, kind)} END"
    )


def _empty(args: Sequence[Sql]) -> str:
    return f"CAST(MAP {{}} AS {duckdb_type(mapping(UNKNOWN, UNKNOWN))})"


def _lambda(function: str) -> tuple[str, str, str]:
    names, body = function.removeprefix("lambda ").split(": ", 1)
    key, value = names.split(", ")
    return key, value, body


def _over(entry: str, function: str) -> str:
    """Return a lambda's body for one entry."""
    key, value, body = _lambda(function)
    return f"list_transform([{entry}.key], lambda {key}: list_transform([{entry}.value], lambda {value}: {body})[1])[1]"


def _filter(args: Sequence[Sql]) -> str:
    source, kind = args[0].text, args[0].type
    kept = f"list_filter(map_entries({source}), lambda w: {_over('w', args[1].text)})"
    return f"CAST(map_from_entries({kept}) AS {duckdb_type(kind)})"


def _transform(which: str) -> Callable[[Sequence[Sql]], str]:
    def build(args: Sequence[Sql]) -> str:
        (key, value), made = args[0].type.args, args[1].type.args[-1]
        kind = mapping(key, made) if which == "values" else mapping(made, value)
        _plain_key(kind.args[0])
        new = _over("w", args[1].text)
        pair = f"k := w.key, v := {new}" if which == "values" else f"k := {new}, v := w.value"
        pairs = f"list_transform(map_entries({args[0].text}), lambda w: struct_pack({pair}))"
        return f"CASE WHEN {args[0].text} IS NOT NULL THEN {_checked(pairs, kind)} END"

    return build


def _entries_type(args: Sequence[Sql]) -> Type:
    return Type("array", (Type("row", args[0].type.args, ("", "")),))


def _entry_map(args: Sequence[Sql]) -> Type:
    entry = args[0].type.args[0]
    if entry.base != "row" or len(entry.args) != 2:
        raise SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({args[0].type}) for function map_from_entries")
    return mapping(*entry.args)


def _from_entries(args: Sequence[Sql]) -> str:
    source, entry, kind = args[0].text, args[0].type.args[0], _entry_map(args)
    _plain_key(kind.args[0])
    parts = (f"{n} := struct_extract(w, {text(field_name(entry, i))})" for i, n in enumerate(("k", "v")))
    pairs = f"list_transform({source}, lambda w: struct_pack({', '.join(parts)}))"
    absent = failure("INVALID_FUNCTION_ARGUMENT", "map entry cannot be null", kind)
    return (
        f"CASE WHEN {source} IS NULL THEN NULL WHEN list_position({source}, NULL) > 0 THEN {absent} "
        f"ELSE {_checked(pairs, kind)} END"
    )


def _concat(args: Sequence[Sql]) -> str:
    """Return the maps' entries in Trino's order: those of the last map first, then what is new of those before."""
    kind = args[0].type
    _plain_key(kind.args[0])
    held = f"map_entries({args[-1].text})"
    for arg in reversed(args[:-1]):
        keys = f"list_transform({held}, lambda h: h.key)"
        more = f"list_filter(map_entries({arg.text}), lambda w: NOT list_contains({keys}, w.key))"
        held = f"list_concat({held}, {more})"
    absent = " OR ".join(f"{a.text} IS NULL" for a in args)
    return f"CASE WHEN {absent} THEN NULL ELSE CAST(map_from_entries({held}) AS {duckdb_type(kind)}) END"


_ENTRIES = "list_transform(map_entries({0}), lambda w: struct_pack(field0 := w.key, field1 := w.value))"

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "map": [signature("array(K), array(V) -> map(K,V)", _map), signature("-> map(unknown,unknown)", _empty)],
    "map_keys": [signature("map(K,V) -> array(K)", "map_keys({0})")],
    "map_values": [signature("map(K,V) -> array(V)", "map_values({0})")],
    "map_entries": [signature("map(K,V) -> unknown", _ENTRIES, _entries_type)],
    "map_from_entries": [signature("array(T) -> unknown", _from_entries, _entry_map)],
    "map_concat": [
        signature("map(K,V), map(K,V) -> map(K,V)", _concat),
        signature("map(K,V), map(K,V), map(K,V) -> map(K,V)", _concat),
    ],
    "map_filter": [signature("map(K,V), function(K,V,boolean) -> map(K,V)", _filter)],
    "transform_values": [signature("map(K,V), function(K,V,R) -> map(K,R)", _transform("values"))],
    "transform_keys": [signature("map(K,V), function(K,V,R) -> map(R,V)", _transform("keys"))],
}
