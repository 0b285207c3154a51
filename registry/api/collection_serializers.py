"""What the routes of collections take and answer."""

from __future__ import annotations

from rest_framework import serializers

from registry.api.serializers import choice
from registry.models import Collection, CollectionItem, Embedding, Visibility


class CollectionSerializer(serializers.ModelSerializer):
    """A collection without its entries."""

    owner = serializers.CharField(source="owner.username")
    url = serializers.SerializerMethodField(help_text="Its page.")
    count = serializers.IntegerField(help_text="Entries that you find in it.")

    class Meta:
        model = Collection
        fields = ["id", "owner", "title", "description", "visibility", "url", "count", "created", "updated"]

    def get_url(self, collection: Collection) -> str:
        return self.context["request"].build_absolute_uri(collection.get_absolute_url())


class ChangedCollectionSerializer(serializers.Serializer):
    """What the owner may change."""

    title = serializers.CharField(required=False)
    description = serializers.CharField(required=False, allow_blank=True, help_text="Markdown.")
    visibility = choice(Visibility.choices, required=False)


class NewCollectionSerializer(ChangedCollectionSerializer):
    """A new collection; private without a word on it."""

    title = serializers.CharField()


class CollectionQuerySerializer(serializers.Serializer):
    """Which collections are listed."""

    owner = serializers.CharField(required=False, allow_blank=True)
    embedding = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The id of one: only those that have it."
    )


class CollectedSerializer(serializers.ModelSerializer):
    """An embedding, as an entry names it."""

    owner = serializers.CharField(source="owner.username")
    url = serializers.SerializerMethodField(help_text="Its page.")

    class Meta:
        model = Embedding
        fields = ["id", "owner", "name", "title", "token", "kind", "base", "visibility", "url"]

    def get_url(self, embedding: Embedding) -> str:
        return self.context["request"].build_absolute_uri(embedding.get_absolute_url())


class ItemSerializer(serializers.ModelSerializer):
    """An entry of a collection."""

    embedding = CollectedSerializer()

    class Meta:
        model = CollectionItem
        fields = ["embedding", "note", "position", "added"]


class PutItemSerializer(serializers.Serializer):
    """What is said of an entry; what is left out stays."""

    note = serializers.CharField(required=False, allow_blank=True, help_text="Why it is in the collection.")
    position = serializers.IntegerField(
        required=False, min_value=0, max_value=100_000, help_text="Place in the order, from 0; a new one comes last."
    )
