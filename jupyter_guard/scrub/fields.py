"""A JSON value -> which of its texts are secrets by where they stand: a widget's state, a table's column, a pair.

Shapes that many tools share: ipywidgets' saved state and messages, Bokeh's and Panel's models, pandas' and Plotly's
tables, names and values side by side. What a key says of the value right behind it is for the token formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jupyter_guard.scrub.labels import says_secret
from jupyter_guard.scrub.tables import EMPTY, NAMES

WIDGET = "typed-password"
"""The kind of what was typed into a field for passwords."""

_MODELS = ("_model_name", "model_name", "_view_name")
_VALUES = ("value", "v_model", "value_input")
_LABELS = ("description", "placeholder", "label", "title", "tooltip", "description_tooltip", "hint", "aria_label")
_NAMED_BY = (
    *("name", "key", "label", "field", "header", "variable", "parameter", "param", "property", "attribute"),
    *("setting", "option", "title", "envvar", "k"),
)
_VALUED = ("value", "val", "v", "content", "defaultvalue", "default", "current")
_COLUMNS = ("columns", "headers", "header", "fields", "names", "column_names", "columnnames")
_ROWS = ("data", "rows", "values", "records", "result", "results", "body", "data_array")

_CALLED = ("name", "field", "title", "key", "data", "header")

Take = Callable[[str], Any]


def state_of(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The state of the widget or of the page's model that ``value`` is, saved or sent; ``None`` when it is none."""
    if "_model_name" in value:
        return value
    for key, about in (("state", "model_name"), ("attributes", "name"), ("props", "type")):
        inner = value.get(key)
        if isinstance(inner, dict) and isinstance(value.get(about), str):
            return inner
    return value if value.get("type") == "password" else None


def is_secret_field(value: Mapping[str, Any]) -> bool:
    """Whether the widget that ``value`` is takes a secret: by what it is, or by what its label asks for."""
    state = state_of(value)
    if state is None:
        return False
    models = [table.get(key) for table in (value, state) for key in _MODELS]
    models += [value.get("name")] if "attributes" in value else []
    if any(isinstance(name, str) and "Password" in name for name in models):
        return True
    if "password" in (value.get("type"), state.get("type")):
        return True
    return any(isinstance(state.get(key), str) and says_secret(state[key]) for key in _LABELS)


def typed_values(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What stands in such a field: keys of its state, with their texts."""
    for key in _VALUES:
        text = state.get(key)
        if isinstance(text, str) and text and not text.startswith("[REDACTED:"):
            yield key, text


def without_typed(value: dict[str, Any], take: Take) -> dict[str, Any]:
    """``value``, and where it is a field for a secret ``take(text)`` in place of what stands in it."""
    if not is_secret_field(value):
        return value
    state = state_of(value) or {}
    typed = {key: take(text) for key, text in typed_values(state)}
    if not typed:
        return value
    if state is value:
        return {**value, **typed}
    return {key: {**state, **typed} if item is state else item for key, item in value.items()}


def names_beside(value: Mapping[str, Any]) -> dict[str, str]:
    """What each key's value is called where a name stands beside it: ``{"key": "X-Api-Key", "value": ...}``."""
    keys = {key.lower(): key for key in value}
    valued = [keys[key] for key in _VALUED if key in keys]
    if not valued:
        return {}
    names = [value[keys[key]] for key in _NAMED_BY if key in keys and keys[key] not in valued]
    name = next((one for one in names if isinstance(one, str) and says_secret(one)), "")
    name = name or next((one for one in names if isinstance(one, str)), "")
    return dict.fromkeys(valued, name) if name else {}


def is_pair(item: Any) -> bool:
    """Whether ``item`` is a name and something, as in a list of headers or of what a dictionary holds."""
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def without_columns(value: Any, take: Take, name: str = "") -> Any:
    """``value``, with ``take(text)`` in place of the cells of columns called exactly ``password`` and the like.

    ``name`` is what ``value`` is called. What is returned is ``value`` itself where there are none.
    """
    if _exactly(name):
        return _cells(value, take)
    if isinstance(value, dict):
        if len(value) > 1 and all(key.isdigit() and isinstance(item, dict) for key, item in value.items()):
            return _record_of(value, {key: _record(row, take) for key, row in value.items()})
        return _columns_of_table(value, take)
    if isinstance(value, list) and len(value) > 1:
        first = value[0]
        if isinstance(first, dict):
            return _each(value, lambda row: _record(row, take))
        if isinstance(first, list) and all(isinstance(name, str) for name in first):
            named = _named(first)
            # Of two, the first is rather what the second is called.
            is_head = bool(named) and not (len(first) <= 2 and 0 in named)
            if is_head and all(_is_row(row, len(first)) for row in value):
                return [first, *_each(value[1:], lambda row: _row(row, named, take))]
    return value


def _columns_of_table(value: dict[str, Any], take: Take) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    keys = {key.lower(): key for key in value}
    schema = value.get("schema")
    places = [value[keys[key]] for key in _COLUMNS if key in keys]
    places += [schema[key] for key in _COLUMNS if key in schema] if isinstance(schema, dict) else []
    for names in places:
        header = names.get("values") if isinstance(names, dict) else names
        if not isinstance(header, list) or not (named := _named(header)):
            continue
        cells = value.get("cells")
        if isinstance(names, dict) and isinstance(cells, dict) and isinstance(cells.get("values"), list):
            # Plotly's table: a list for each column.
            columns = [_cells(one, take) if at in named else one for at, one in enumerate(cells["values"])]
            changed["cells"] = {**cells, "values": columns}
        for key in _ROWS:
            rows = value.get(keys[key]) if key in keys else None
            if isinstance(rows, list) and rows and all(_is_row(row, len(header)) for row in rows):
                changed[keys[key]] = _each(rows, lambda row, named=named: _row(row, named, take))  # type: ignore[misc]
    return {**value, **changed} if changed else value


def _exactly(name: Any) -> bool:
    return isinstance(name, str) and name.strip().lower() in NAMES


def _named(header: Sequence[Any]) -> set[int]:
    """Which of the columns are called so: texts, or objects that have the name."""
    found = set()
    for at, name in enumerate(header):
        names = [name.get(key) for key in _CALLED] if isinstance(name, dict) else [name]
        if any(_exactly(one) for one in names):
            found.add(at)
    return found


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width


def _cell(item: Any, take: Take) -> Any:
    is_told = isinstance(item, str) and item.strip().lower() not in EMPTY and not item.startswith("[REDACTED:")
    return take(item) if is_told else item


def _cells(item: Any, take: Take) -> Any:
    """All the cells of one column: a list, or an object of rows by number."""
    if isinstance(item, list):
        return _each(item, lambda cell: _cell(cell, take))
    if isinstance(item, dict) and item and all(key.isdigit() for key in item):
        return _record_of(item, {key: _cell(cell, take) for key, cell in item.items()})
    return item


def _row(row: list[Any], named: set[int], take: Take) -> list[Any]:
    return [_cell(cell, take) if at in named else cell for at, cell in enumerate(row)]


def _record(row: Any, take: Take) -> Any:
    if not isinstance(row, dict):
        return row
    return _record_of(row, {key: _cell(cell, take) if _exactly(key) else cell for key, cell in row.items()})


def _record_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return after if any(after[key] is not before[key] for key in before) else before


def _each(items: list[Any], make: Callable[[Any], Any]) -> list[Any]:
    made = [make(item) for item in items]
    return made if any(one is not other for one, other in zip(made, items, strict=True)) else items
