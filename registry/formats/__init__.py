"""Reading and writing textual-inversion files: stdlib, numpy and blake3 only, no Django, no torch."""

from registry.formats.errors import FormatError
from registry.formats.families import name_encoders
from registry.formats.inspection import inspect, report
from registry.formats.names import check_token
from registry.formats.parts import NamedFile, Part, inspect_files
from registry.formats.targets import CLIENTS, Target, targets_for
from registry.formats.types import BaseCandidate, Encoder, Family, Inspection
from registry.formats.write import Dtype, WrittenFile, canonical, write

__all__ = [
    "CLIENTS",
    "BaseCandidate",
    "Dtype",
    "Encoder",
    "Family",
    "FormatError",
    "Inspection",
    "NamedFile",
    "Part",
    "Target",
    "WrittenFile",
    "canonical",
    "check_token",
    "inspect",
    "inspect_files",
    "name_encoders",
    "report",
    "targets_for",
    "write",
]
