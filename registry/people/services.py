"""What a person says of themselves."""

from __future__ import annotations

from django.db.models import Count, Sum

from hub.accounts.models import MAX_BIO_CHARACTERS, MAX_DISPLAY_NAME_CHARACTERS, User
from registry.markdown import render
from registry.models import Embedding
from registry.validation import check_line, check_text


def update_profile(*, user: User, display_name: str, bio: str, likes_hidden: bool) -> User:
    """Change what others read of a person. Raises ``RegistryError`` naming the field that will not do."""
    user.display_name = check_line(display_name, "display_name", MAX_DISPLAY_NAME_CHARACTERS)
    user.bio = check_text(bio, "bio", MAX_BIO_CHARACTERS)
    user.bio_html = render(user.bio)
    user.likes_hidden = likes_hidden
    user.save(update_fields=["display_name", "bio", "bio_html", "likes_hidden"])
    return user


def figures_of(person: User) -> dict[str, int]:
    """What a person's public embeddings came to: ``embeddings``, ``downloads`` and ``likes``. One query."""
    public = Embedding.objects.public().filter(owner=person)
    return public.aggregate(
        embeddings=Count("pk"), downloads=Sum("downloads", default=0), likes=Sum("likes", default=0)
    )
