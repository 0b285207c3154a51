"""What each tool reads, where it looks for it, and what to write in a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starword.errors import BadUsage


@dataclass(frozen=True)
class Tool:
    """A tool: the hub's ``target`` for it, where below its own folder it keeps embeddings, and how the word is written.

    ``{word}`` in ``usage`` is the file's name without its ending, ``{token}`` the placeholder token, ``{file}`` the path.
    """

    target: str
    folder: str
    usage: str
    #: Whether each embedding has a folder of its own, since the files of all are called the same.
    own_folder: bool = False


_A1111 = Tool("a1111", "embeddings", "Write {word} in the prompt.")

#: By the names that ``--for`` takes; further ones of the hub are in the hub's own list of formats.
TOOLS = {
    "a1111": _A1111,
    "forge": _A1111,
    "a1111-pt": Tool("a1111-pt", "embeddings", "Write {word} in the prompt."),
    "sdnext": Tool("a1111", "models/embeddings", "Write {word} in the prompt."),
    "comfyui": Tool("comfyui", "models/embeddings", "Write embedding:{word} in the prompt."),
    "invokeai": Tool("invokeai", "", "Install {file} in the model manager, then write <{word}> in the prompt."),
    "kohya": Tool("kohya", "", "Pass --textual_inversion_embeddings {file} and write {word} in the prompt."),
    "sdcpp": Tool("sdcpp", "", "Pass --embd-dir with the file's folder and write {word} in the prompt."),
    "diffusers": Tool(
        "diffusers",
        "",
        "Call pipe.load_textual_inversion with {file} and write {token} in the prompt.",
        own_folder=True,
    ),
    "diffusers-bin": Tool(
        "diffusers-bin", "", "Call pipe.load_textual_inversion with {file} and write {token}.", own_folder=True
    ),
    "safetensors": Tool("canonical", "", "Write {word} in tools that go by the file's name, {token} in others."),
}


def find_tool(name: str) -> Tool:
    """Return a tool by its name, or raise ``BadUsage`` naming all of them."""
    try:
        return TOOLS[name.lower()]
    except KeyError:
        raise BadUsage("unknown_tool", f"{name!r} is no tool that is known here; use {', '.join(TOOLS)}.") from None


def folder_of(tool: Tool, into: Path) -> Path:
    """Return where a tool that lives in ``into`` keeps embeddings; ``into`` itself where it is that folder already."""
    names = Path(tool.folder).parts
    if not names or into.absolute().parts[-1:] == names[-1:]:
        return into
    return into / tool.folder
