"""What a pickle stream of an embedding file may mention, and the plain records that stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from registry.formats.tensors import ITEM_BYTES as TENSOR_ITEM_BYTES

#: torch storage classes and the type of their numbers, by safetensors name where embeddings use it.
STORAGES = {
    "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "DoubleStorage": "F64", "LongStorage": "I64",
}  # fmt: skip
#: Bytes of one number of each type.
ITEM_BYTES = {**TENSOR_ITEM_BYTES, "I64": 8}

ALLOWED = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch.nn.modules.container", "ParameterDict"),
        ("__builtin__", "set"),
        *(("torch", name) for name in STORAGES),
    }
)

#: No size in a file is as large; sums and products of a few such numbers stay cheap.
_MAX_SIZE = 2**48


def is_size(value: Any) -> bool:
    """Whether a value is a whole number that can be a count of something; truth values are not."""
    return type(value) is int and 0 <= value < _MAX_SIZE


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the stream mentions; it is never looked up."""

    module: str
    name: str
    source: str = ""  #: before torch 1.6, the path of the file that defines it, on the machine where it was saved


@dataclass(frozen=True, slots=True)
class StorageRef:
    """A persistent id: the numbers are in the record ``key``."""

    dtype: str
    key: str
    count: int

    @property
    def size(self) -> int:
        """Bytes of the record."""
        return self.count * ITEM_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A view of a storage, in numbers (not bytes)."""

    storage: StorageRef
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class OrderedDict(dict[Any, Any]):
    """What the stream makes with ``collections.OrderedDict``."""


class ParameterDict(dict[Any, Any]):
    """What the stream makes with torch's ``ParameterDict``; its items come with its state."""

    def __init__(self, source: str = "") -> None:
        super().__init__()
        self.source = source  #: as a :class:`Global` has it


class Stream(NamedTuple):
    """What one stream says."""

    value: Any
    end: int  #: where it ends in the bytes
    storages: dict[str, StorageRef]  #: every storage that it names, by key


def persistent(value: Any) -> StorageRef | Global | None:
    """What torch keeps outside the stream, by its persistent id: a storage or a module's class; nothing for others."""
    match value:
        case ("storage", Global(module="torch", name=name), str(key), str(), count, *rest) if (
            name in STORAGES and is_size(count) and rest in ([], [None])
        ):
            return StorageRef(STORAGES[name], key, count)
        case ("module", Global(name="ParameterDict") as kind, str(source), str()):  # before torch 1.6, with its text
            return Global(kind.module, kind.name, source)
    return None
