"""What somebody may have meant whose search found nothing.

A word's neighbours, a letter left out, put in, changed or swapped with the next, are looked up in the search index all at
once. So there is no list of words to keep: what it costs grows with the length of the word, not with the embeddings.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery
from django.db import OperationalError, connection, transaction
from django.db.models import F, Func, TextField, Value
from psycopg.errors import QueryCanceled

from registry.browsing.search import matching, search, words_of
from registry.models import Embedding
from registry.querysets import EmbeddingQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

#: Words of a search that are corrected; each is two statements.
MAX_WORDS = 3
#: Letters of a word that is corrected: shorter ones have too many neighbours, longer ones take a thousand look-ups.
LETTERS = range(4, 21)
#: Embeddings whose words are looked at for each word.
MAX_EMBEDDINGS = 200
#: Milliseconds that the database looks for them. A word that is in most descriptions and in no name makes it read each row;
#: nobody waits seconds for a hint.
MAX_MILLISECONDS = 300


@dataclass(frozen=True, slots=True)
class Hint:
    """Words that find something where those of a search do not."""

    q: str
    narrowed: bool  #: whether they do so with the search's filters too, or only without


def hint(user: User | AnonymousUser, *, q: str, explicit: bool = False, **filters: str | Sequence[str]) -> Hint | None:
    """What a search that found nothing may have meant, among what is public; the arguments are those of :func:`search`."""
    words = suggest(matching(user, explicit=explicit).public(), q)
    if not words:
        return None
    if search(user, q=words, explicit=explicit, **filters).public().exists():
        return Hint(words, True)
    return Hint(words, False) if matching(user, q=words, explicit=explicit).public().exists() else None


def suggest(public: EmbeddingQuerySet, q: str) -> str:
    """Return the search with its unknown words corrected, "" where nothing better is known.

    ``public`` is what may be hinted at.
    """
    words = words_of(q)[:MAX_WORDS]
    corrected = [_nearest(public, word) for word in words]
    return " ".join(corrected) if words and corrected != words else ""


def _nearest(public: EmbeddingQuerySet, word: str) -> str:
    """The word itself where it is known, else its neighbour in most embeddings, else the word."""
    if len(word) not in LETTERS:
        return word
    near = neighbours(word) | {word}
    # Only words of titles, names, tokens and tags: descriptions are stemmed, and hold misspelt words themselves.
    query = SearchQuery(" | ".join(f"{item}:AB" for item in near), search_type="raw", config="simple")
    rows = public.order_by().filter(pk__in=_holding(query)).values_list(_names_in_search(), flat=True)
    known = Counter(found for names in rows for found in names)
    if word in known:
        return word
    return max(near & known.keys(), key=lambda found: (known[found], found), default=word)


def _holding(query: SearchQuery) -> list[int]:
    """Embeddings in which one of many words is, by the search index alone; none where that takes too long.

    The planner believes that some of so many words must be nearly everywhere, and would read every row.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL enable_seqscan TO off; SET LOCAL statement_timeout TO {MAX_MILLISECONDS}")
            found = list(Embedding.objects.filter(search=query).values_list("pk", flat=True)[:MAX_EMBEDDINGS])
            # A transaction around this one goes on.
            cursor.execute("SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return []
    return found


def _names_in_search() -> Func:
    """The words of an embedding's title, name, token and tags."""
    named = Func(F("search"), Value("{a,b}"), function="ts_filter", template='ts_filter(%(expressions)s::"char"[])')
    return Func(named, function="tsvector_to_array", output_field=ArrayField(TextField()))


def neighbours(word: str) -> set[str]:
    """Every word that is one slip of the keyboard away."""
    letters = sorted({*string.ascii_lowercase, *word})
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    left_out = {head + tail[1:] for head, tail in cuts if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    changed = {head + letter + tail[1:] for head, tail in cuts if tail for letter in letters}
    put_in = {head + letter + tail for head, tail in cuts for letter in letters}
    return (left_out | swapped | changed | put_in) - {word}
