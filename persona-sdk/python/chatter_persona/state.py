"""State as the host keeps it: the fields of a persona as JSON."""

import json
import math
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def write(persona: Any) -> str:
    """The state's text. What JSON has no form for is refused, by its place."""
    return json.dumps(_plain(persona, "state"), separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise TypeError(f"{path} is {value}, which JSON has no form for")
    if isinstance(value, list):
        return [_plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{path} has the key {key!r}; JSON's keys are texts")
        return {key: _plain(item, f"{path}.{key}") for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _plain(getattr(value, one.name), f"{path}.{one.name}")
            for one in fields(value)
        }
    raise TypeError(
        f"{path} is a {type(value).__name__}, which JSON has no form for; "
        "keep lists, dicts, texts, numbers and dataclasses"
    )


def read(kind: type, text: str) -> Any:
    """A persona with the state that `write` gave. A missing field has its default."""
    return _typed(json.loads(text), kind, "state")


def _typed(value: Any, kind: Any, path: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        options = get_args(kind)
        if value is None and NoneType in options:
            return None
        problems = []
        for option in options:
            if option is NoneType:
                continue
            try:
                return _typed(value, option, path)
            except TypeError as problem:
                problems.append(problem)
        raise problems[0] if problems else _other(path, value, kind)
    if kind is list or origin is list:
        if not isinstance(value, list):
            raise _other(path, value, kind)
        inner = (get_args(kind) or (Any,))[0]
        return [_typed(item, inner, f"{path}[{i}]") for i, item in enumerate(value)]
    if kind is dict or origin is dict:
        if not isinstance(value, dict):
            raise _other(path, value, kind)
        inner = (get_args(kind) or (str, Any))[1]
        return {key: _typed(item, inner, f"{path}.{key}") for key, item in value.items()}
    if is_dataclass(kind):
        return _dataclass(value, kind, path)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is None or kind is NoneType:
        if value is None:
            return None
        raise _other(path, value, kind)
    if isinstance(kind, type) and isinstance(value, kind) and (kind is bool) == isinstance(value, bool):
        return value
    raise _other(path, value, kind)


_HINTS: dict[type, dict[str, Any]] = {}


def _dataclass(value: Any, kind: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _other(path, value, kind)
    hints = _HINTS.get(kind)
    if hints is None:
        hints = _HINTS[kind] = get_type_hints(kind)
    given = {}
    for one in fields(kind):
        if one.name in value:
            given[one.name] = _typed(value[one.name], hints[one.name], f"{path}.{one.name}")
        elif one.default is MISSING and one.default_factory is MISSING:
            raise TypeError(f"{path}.{one.name} is missing; give the field a default")
    return kind(**given)


def _other(path: str, value: Any, kind: Any) -> TypeError:
    wanted = getattr(kind, "__name__", str(kind))
    return TypeError(f"{path} is a {type(value).__name__}, not a {wanted}")


def prepare(kind: type) -> None:
    """Looks up the types of a persona's fields once, before its component is frozen."""
    text = write(kind())
    read(kind, text)
