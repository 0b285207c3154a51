"""What the readers of files refuse, for people who read another language than the readers speak."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from registry.formats import FormatError

#: What is wrong and what to do, by the code of a refusal. The readers are a library that speaks English, with names and numbers.
SENTENCES = {
    "unknown_container": _(
        "This is no kind of embedding file. Upload a .safetensors, .pt or .bin file that holds one."
    ),
    "truncated": _("The file is not whole. Download it again."),
    "too_large": _("The file is too large for an embedding. Check that it is no LoRA or checkpoint."),
    "malformed": _("The file contradicts itself. Download it again, or export it again with the tool that made it."),
    "unsafe": _("The file asks for code to be run. Do not open it with other tools either."),
    "unknown_layout": _(
        "The file can be read, but holds no embedding of a known form. Export one token and its vectors."
    ),
    "not_an_embedding": _(
        "The file holds something else than an embedding. Choose the embedding beside it, if there is one."
    ),
    "bad_values": _("The numbers cannot be an embedding. Train it again with a smaller learning rate."),
    "unknown_base": _("The vectors fit no base family that is known here."),
    "several_tokens": _("The file holds several embeddings; choose one."),
    "bad_token": _("The placeholder token cannot be written into files that others read. Choose another."),
    "wrong_target": _("The embedding cannot be written for this tool without changing what it is."),
    "unrelated_files": _("The files do not belong together. Upload them one by one."),
}


def said(sentence: dict[str, Any] | str) -> str:
    """A reader's sentence, as a card keeps it, in the language of the page."""
    if isinstance(sentence, str):
        return sentence
    return gettext(sentence["template"]).format(**sentence["values"])


def told(error: FormatError) -> str:
    """What a reader says: in English its own words, else a sentence for its code before them."""
    if (get_language() or "en").startswith("en") or error.code not in SENTENCES:
        return error.message
    return gettext("%(sentence)s (In the reader's words: %(message)s)") % {
        "sentence": SENTENCES[error.code],
        "message": error.message,
    }
