"""``/api/hub/people…`` and ``/api/hub/me…``: people, what they like, and one's own account."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.models import User
from hub.api import CursorPages
from hub.preferences import Preferences
from hub.requests.conditional import check_match
from hub.requests.openapi import answers
from hub.requests.parsers import JSONParser
from registry.api import people_serializers as shapes
from registry.api.views import RegistryView
from registry.models import Embedding, Like
from registry.people.services import figures_of, find_person, update_profile


class PersonView(RegistryView):
    """One person."""

    serializer_class = shapes.PersonSerializer

    def get(self, request: Request, username: str) -> Response:
        """What a person says of themselves, and what their public embeddings came to."""
        person = find_person(username)
        return Response(self.get_serializer({"person": person, "figures": figures_of(person)}).data)


class _LikesView(RegistryView, ListAPIView):
    """What the lists of likes share."""

    serializer_class = shapes.LikeSerializer
    pagination_class = CursorPages
    queryset = Like.objects.none()  # of what the schema is

    def likes_of(self, person: User) -> QuerySet[Like]:
        """A person's likes of what the reader may find in lists, the newest first."""
        explicit = Preferences.stored(self.request.user).explicit
        listed = Embedding.objects.listed_for(self.request.user, explicit=explicit)
        likes = Like.objects.filter(owner=person, embedding__in=listed)
        return likes.prefetch_related(Prefetch("embedding", Embedding.objects.with_details()))


class PersonLikesView(_LikesView):
    """What a person likes."""

    def get_queryset(self) -> QuerySet[Like]:
        person = find_person(self.kwargs["username"])
        if not person.shows_likes_to(self.request.user):
            raise Http404
        return self.likes_of(person)

    def get(self, request: Request, username: str) -> Response:
        """What a person likes, the newest like first; 404 where they keep it to themselves."""
        return self.list(request)


class LikesView(_LikesView):
    """What you like."""

    serializer_class = shapes.OwnLikeSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated(), *super().get_permissions()]

    def get_queryset(self) -> QuerySet[Like]:
        return self.likes_of(self.request.user)

    def get(self, request: Request) -> Response:
        """What you like, the newest like first."""
        return self.list(request)


class MeView(RegistryView):
    """Your account."""

    serializer_class = shapes.MeSerializer
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated(), *super().get_permissions()]

    def get(self, request: Request) -> Response:
        """The account and scopes of the request, its profile and its preferences."""
        return Response(self.get_serializer(request.user).data)

    @extend_schema(request=shapes.ChangedMeSerializer)
    @answers(412)
    @transaction.atomic
    def patch(self, request: Request) -> Response:
        """Change your profile, your preferences, and whether notices are mailed."""
        user = request.user
        user.lock()
        user.refresh_from_db()
        check_match(request, lambda: self.get_serializer(user).data)
        values = self.values(shapes.ChangedMeSerializer, request.data)
        if "mails_notices" in values:
            user.choose_mails(values.pop("mails_notices"))
        if chosen := values.pop("preferences", {}):
            replace(Preferences.stored(user), **chosen).store(user)
        update_profile(user=user, **values)
        return Response(self.get_serializer(user).data)
