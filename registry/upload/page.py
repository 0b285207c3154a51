"""What the upload page shows of a draft: a section for each card, in a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.forms import BoundField
from django.http import QueryDict

from hub.accounts.models import User
from registry import formats, lookup
from registry.models import DraftCard, DraftPicture, Embedding, HashKind, Kind, UploadDraft
from registry.upload.forms import CardForm, SharedForm
from registry.validation import suggest_name

#: Duplicates of an embedding that are named, and rows that are read for those of all cards.
MAX_DUPLICATES, MAX_DUPLICATE_ROWS = 3, 1000
#: Tokens that stand for "whatever the file is called".
_NO_TOKEN = ("", "*")


@dataclass(slots=True)
class Fields:
    """Some fields of a form, as the components of templates take a form."""

    visible_fields: list[BoundField]
    hidden_fields: tuple[BoundField, ...] = ()
    non_field_errors: tuple[str, ...] = ()


@dataclass(slots=True)
class Section:
    """One card on the page; without a form it says what could not be read."""

    card: DraftCard
    form: CardForm | None = None
    duplicates: list[lookup.Duplicate] = field(default_factory=list)
    lookalikes: list[Embedding] = field(default_factory=list)
    twins: list[DraftCard] = field(default_factory=list)  #: cards of the draft with the same numbers

    @property
    def main(self) -> Fields:
        """What everybody fills in."""
        return Fields([self.form[name] for name in CardForm.MAIN], non_field_errors=self.form.non_field_errors())

    @property
    def more(self) -> Fields:
        """What is folded away: the description."""
        return Fields([self.form["description"]])

    @property
    def own(self) -> Fields:
        """What it may have otherwise than the others."""
        return Fields([self.form[name] for name in SharedForm.base_fields])

    @property
    def is_own(self) -> bool:
        """Whether anything of it is otherwise than of the others: that is shown even when no others are left."""
        return any(self.form[name].value() for name in SharedForm.base_fields)

    @property
    def is_open(self) -> bool:
        """Whether what is folded away has something to say."""
        folded = ("description", *SharedForm.base_fields)
        return any(self.form.errors.get(name) for name in folded) if self.form.is_bound else False

    @property
    def seen(self) -> str:
        """The look-alikes that it shows."""
        return " ".join(str(other.pk) for other in self.lookalikes)

    @property
    def news(self) -> bool:
        """Whether it shows look-alikes that the person had not been shown when they sent the form."""
        shown = set(str(self.form["seen"].value() or "").split())
        return any(str(other.pk) not in shown for other in self.lookalikes)


def sections(
    user: User, draft: UploadDraft | None, *, only: Iterable[int] | None = None, data: QueryDict | None = None
) -> list[Section]:
    """A section for each card of a draft, or for some; with ``data`` the cards that were sent hold what was said in it."""
    if draft is None:
        return []
    everything = list(draft.cards.prefetch_related("files", "pictures"))
    chosen = everything if only is None else [card for card in everything if card.pk in set(only)]
    initial = _initial(user, everything)
    found = [Section(card, None if card.code else _form(card, initial[card.pk], data)) for card in chosen]
    _look_up(user, [section for section in found if section.form], everything)
    return found


def _initial(user: User, cards: Sequence[DraftCard]) -> dict[int, dict[str, Any]]:
    """What the fields of each card hold that could be read: what was said, or suggestions of which no two are one name."""
    taken = set(Embedding.objects.filter(owner=user).values_list("name", flat=True))
    found = {}
    for card in cards:
        if not card.code:
            found[card.pk] = _suggest(card, taken) | card.said
            taken.add(found[card.pk]["name"])
    return found


def _form(card: DraftCard, initial: dict[str, Any], data: QueryDict | None) -> CardForm:
    """The form of a card, with what was sent for it or else as it was left."""
    sent = data if data is not None and f"{card.anchor}-name" in data else None
    return CardForm(sent, initial=initial, card=card)


def _suggest(card: DraftCard, taken: set[str]) -> dict[str, Any]:
    """What the fields hold at first. What a file calls itself inside is not among it: the person would publish it unseen."""
    stem = card.label
    name = suggest_name(stem, taken) or suggest_name(f"embedding-{card.told['digests']['digest'][:8]}", taken)
    own = next(iter(card.told["tokens"]), "")
    bases = card.told["bases"]
    return {
        "name": name,
        "title": " ".join(re.split(r"[-_<>\s]+", stem)).strip()[:120],
        "token": own if own not in _NO_TOKEN else _token(stem, name),
        "kind": Kind.NEGATIVE if card.role == "negative" else Kind.OBJECT,
        "base": bases[0]["base"] if len(bases) == 1 else "",
    }


def _token(stem: str, name: str) -> str:
    """A token of its file's name: in the file's own script, where no address can be made of that."""
    if suggest_name(stem):
        return f"<{name}>"
    try:
        return formats.check_token(f"<{'-'.join(stem.split())[:60]}>")
    except formats.FormatError:
        return f"<{name}>"


def _look_up(user: User, shown: list[Section], everything: list[DraftCard]) -> None:
    """What is here already of each section."""
    if not shown:
        return
    known = lookup.find_duplicates_of_each(
        [section.card.told["digests"] for section in shown],
        versions=lookup.listed_versions(user),
        limit=MAX_DUPLICATE_ROWS,
    )
    names = [[str(section.form[name].value() or "") for name in ("name", "title", "token")] for section in shown]
    alike = lookup.find_lookalikes_of_each(user, names)
    for section, duplicates, lookalikes in zip(shown, known, alike, strict=True):
        section.duplicates = duplicates[:MAX_DUPLICATES]
        section.lookalikes = lookalikes
        section.twins = [
            card for card in everything if card != section.card and card.told and _digest(card) == _digest(section.card)
        ][:MAX_DUPLICATES]


def _digest(card: DraftCard) -> str:
    return card.told["digests"][HashKind.DIGEST]


def loose_pictures(draft: UploadDraft | None) -> dict[str, Any]:
    """Pictures that are of no embedding yet, and the embeddings they may be of."""
    pictures: list[DraftPicture] = list(draft.pictures.filter(card=None)) if draft else []
    return {"pictures": pictures, "cards": list(draft.cards.filter(code="")) if pictures else []}
