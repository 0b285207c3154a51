"""``/api/hub/collections…``."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api import CursorPages
from hub.preferences import Preferences
from hub.requests.conditional import check_match
from hub.requests.idempotency import idempotent
from hub.requests.openapi import answers
from registry.api import collection_serializers as shapes
from registry.api.views import MAX_KEY, RegistryView
from registry.collections import services
from registry.models import Collection, CollectionItem, Embedding


class _Collections(RegistryView):
    """What the routes share: finding a collection, and answering with one."""

    serializer_class = shapes.CollectionSerializer

    @property
    def explicit(self) -> bool:
        """Whether the account chose to have explicit embeddings of others listed."""
        return Preferences.stored(self.request.user).explicit

    def find(self, pk: int) -> Collection:
        """A collection that the request may know of, or 404."""
        if pk > MAX_KEY:
            raise Http404
        visible = Collection.objects.visible_to(self.request.user).filter(owner__is_active=True)
        return get_object_or_404(visible.with_counts(self.request.user, explicit=self.explicit), pk=pk)

    def find_own(self, pk: int) -> Collection:
        """A collection that the request may change; 404 or 403."""
        collection = self.find(pk)
        if not collection.is_editable_by(self.request.user):
            raise PermissionDenied("You may see this collection, but only its owner may change it.")
        return collection

    def unchanged(self, pk: int) -> None:
        """Lock a collection; refuse where the request means another state of it. Part of the transaction around it."""
        get_object_or_404(Collection.objects.select_for_update(no_key=True), pk=pk)
        check_match(self.request, lambda: self.shown(pk).data)

    def shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        """Answer with a collection as it is stored now."""
        body = shapes.CollectionSerializer(self.find(pk), context=self.get_serializer_context()).data
        headers = {"Location": reverse("api-collection", args=[pk])} if code == status.HTTP_201_CREATED else None
        return Response(body, status=code, headers=headers)


class CollectionPages(CursorPages):
    """The last made first."""

    filters = tuple(shapes.CollectionQuerySerializer().fields)


class CollectionsView(_Collections, ListAPIView):
    """Collections."""

    pagination_class = CollectionPages

    def get_queryset(self) -> QuerySet[Collection]:
        asked = self.values(shapes.CollectionQuerySerializer, self.request.query_params)
        listed = Collection.objects.listed_for(self.request.user).filter(owner__is_active=True)
        if owner := asked.get("owner"):
            listed = listed.filter(owner__username=owner)
        if embedding := asked.get("embedding"):
            listed = listed.holding(embedding, self.request.user, explicit=self.explicit)
        return listed.with_counts(self.request.user, explicit=self.explicit)

    @extend_schema(parameters=[shapes.CollectionQuerySerializer])
    def get(self, request: Request) -> Response:
        """Public collections, and your own."""
        return self.list(request)

    @extend_schema(request=shapes.NewCollectionSerializer, responses={201: shapes.CollectionSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin a collection."""
        values = self.values(shapes.NewCollectionSerializer, request.data)
        made = services.create_collection(owner=request.user, **values)
        return self.shown(made.pk, status.HTTP_201_CREATED)


class CollectionView(_Collections):
    """One collection."""

    def get(self, request: Request, pk: int) -> Response:
        """A collection; its entries are a list of their own."""
        return self.shown(pk)

    @extend_schema(request=shapes.ChangedCollectionSerializer)
    @answers(412)
    @transaction.atomic
    def patch(self, request: Request, pk: int) -> Response:
        """Rename, describe, or share a collection of yours."""
        collection = self.find_own(pk)
        self.unchanged(pk)
        values = self.values(shapes.ChangedCollectionSerializer, request.data)
        services.update_collection(collection=collection, **values)
        return self.shown(pk)

    @extend_schema(responses={204: None})
    @answers(412)
    @transaction.atomic
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a collection of yours; what is in it stays."""
        collection = self.find_own(pk)
        self.unchanged(pk)
        collection.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ItemPages(CursorPages):
    """In the order of the collection."""

    ordering = ("position", "id")


class ItemsView(_Collections, ListAPIView):
    """Entries of a collection."""

    serializer_class = shapes.ItemSerializer
    pagination_class = ItemPages
    queryset = CollectionItem.objects.none()  # of what the schema is

    def get_queryset(self) -> QuerySet[CollectionItem]:
        items = self.find(self.kwargs["pk"]).items_for(self.request.user, explicit=self.explicit)
        return items.select_related("embedding__owner")

    def get(self, request: Request, pk: int) -> Response:
        """Entries of a collection, in its order: those that you may find."""
        return self.list(request)


class ItemView(_Collections):
    """An embedding in a collection of yours."""

    serializer_class = shapes.ItemSerializer

    @extend_schema(request=shapes.PutItemSerializer)
    def put(self, request: Request, pk: int, embedding: int) -> Response:
        """Put an embedding into a collection of yours, or change its note or its place."""
        collection = self.find_own(pk)
        values = self.values(shapes.PutItemSerializer, request.data)
        item = services.put_item(collection=collection, embedding=self._find_embedding(embedding), **values)
        return Response(self.get_serializer(item).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, embedding: int) -> Response:
        """Take an embedding out of a collection of yours."""
        collection = self.find_own(pk)
        item = get_object_or_404(collection.items.select_related("embedding"), embedding=embedding)
        services.remove_item(collection=collection, embedding=item.embedding)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _find_embedding(self, key: int) -> Embedding:
        if key > MAX_KEY:
            raise Http404
        return get_object_or_404(Embedding.objects.visible_to(self.request.user).select_related("owner"), pk=key)
