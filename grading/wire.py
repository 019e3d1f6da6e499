"""From values to JSON and back, between the grader and a submission that it does not trust.

Never pickle: to read one is to run what its writer wants. What comes out of `decoded` is plain
data; an answer of a kind that no exercise asks for becomes a `Foreign` thing, equal to nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

COLLECTIONS = {kind.__name__: kind for kind in (list, tuple, set, frozenset)}
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    )
}
MOST_CHARACTERS = 200  # of the text that a foreign thing is shown by


@dataclass(frozen=True)
class Foreign:
    """An answer that is no data, as the submission describes it."""

    shown: str

    def __repr__(self) -> str:
        return self.shown


def encoded(value: object) -> object:
    """The value as JSON can hold it; what it cannot is described. Raises nothing."""
    try:
        return _encoded(value)
    except Exception as problem:
        return {"foreign": f"something that raises {type(problem).__name__} when it is looked at"}


def _encoded(value: object) -> object:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if value is ...:
        return {"stub": True}
    if kind.__name__ in COLLECTIONS and kind is COLLECTIONS[kind.__name__]:
        return {kind.__name__: [_encoded(one) for one in value]}
    if isinstance(value, torch.Tensor):
        value = value.detach()
        dtype = str(value.dtype).removeprefix("torch.")
        return {"tensor": value.flatten().tolist(), "dtype": dtype, "shape": list(value.shape)}
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"array": value.ravel().tolist(), "shape": list(value.shape)}
    if callable(value):
        return {"function": True}
    return {"foreign": repr(value)[:MOST_CHARACTERS]}


def decoded(message: object, function: Callable | None = None) -> object:
    """The value of a message.

    Args:
        function: what a function among the answers is called through.

    Raises:
        ValueError: the message is none of ours.
    """
    if message is None or isinstance(message, bool | int | float | str):
        return message
    if not isinstance(message, dict) or not message:
        raise ValueError(f"A message must be plain or one object; found {type(message).__name__}.")
    kind = next(iter(message))
    try:
        if kind in COLLECTIONS:
            return COLLECTIONS[kind](decoded(one, function) for one in message[kind])
        if kind == "tensor":
            flat = torch.tensor(message[kind], dtype=DTYPES[message["dtype"]])
            return flat.reshape(message["shape"])
        if kind == "array":
            return np.asarray(message[kind]).reshape(message["shape"])
    except (TypeError, KeyError, RuntimeError, OverflowError) as problem:
        raise ValueError(f"A message of kind {kind!r} holds what it must not: {problem}.") from None
    if kind == "stub":
        return ...
    if kind == "function":
        return function if function is not None else Foreign("a function inside another answer")
    if kind == "foreign":
        return Foreign(str(message[kind])[:MOST_CHARACTERS])
    raise ValueError(f"A message must be of a known kind; found {str(kind)[:40]!r}.")
