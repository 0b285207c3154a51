"""Reading and writing textual-inversion files: stdlib and numpy only, no Django, no torch."""

from registry.formats.errors import FormatError
from registry.formats.inspection import inspect, report
from registry.formats.layouts import check_token
from registry.formats.parts import NamedFile, Part, inspect_files
from registry.formats.types import BaseCandidate, Encoder, Family, Inspection
from registry.formats.write import Target, WrittenFile, canonical, write

__all__ = [
    "BaseCandidate",
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
    "report",
    "write",
]
