"""What a person says of themselves, and what everybody may know of them."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404

from hub.accounts.models import MAX_BIO_CHARACTERS, MAX_DISPLAY_NAME_CHARACTERS, User
from hub.accounts.names import SLUG
from registry.markdown import render
from registry.models import Embedding
from registry.validation import check_line, check_text


def find_person(username: str) -> User:
    """The person of that user name; 404 where nobody is called so, or their account is closed. One query."""
    if not SLUG.fullmatch(username):
        raise Http404
    return get_object_or_404(User, username=username, is_active=True)


def update_profile(
    *, user: User, display_name: str | None = None, bio: str | None = None, likes_hidden: bool | None = None
) -> User:
    """Change what others read of a person; what is None stays. Raises ``RegistryError`` naming the field that will not do."""
    if display_name is not None:
        user.display_name = check_line(display_name, "display_name", MAX_DISPLAY_NAME_CHARACTERS)
    if bio is not None:
        user.bio = check_text(bio, "bio", MAX_BIO_CHARACTERS)
        user.bio_html = render(user.bio)
    if likes_hidden is not None:
        user.likes_hidden = likes_hidden
    user.save(update_fields=["display_name", "bio", "bio_html", "likes_hidden"])
    return user


def figures_of(person: User) -> dict[str, int]:
    """What a person's public embeddings came to: ``embeddings``, ``downloads`` and ``likes``. One query."""
    public = Embedding.objects.public().filter(owner=person)
    return public.aggregate(
        embeddings=Count("pk"), downloads=Sum("downloads", default=0), likes=Sum("likes", default=0)
    )
