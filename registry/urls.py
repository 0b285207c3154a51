from __future__ import annotations

from django.contrib.sitemaps.views import index, sitemap
from django.urls import include, path
from django.views.decorators.http import require_safe

from registry.browsing import browse
from registry.browsing.feeds import feed
from registry.browsing.sitemaps import SITEMAPS, robots
from registry.collections import views as collections
from registry.pages import embedding_page, owner_pages
from registry.people import views as people
from registry.upload import views as upload

app_name = "registry"
urlpatterns = [
    path("", browse.browse, name="browse"),
    # None of these can be an account or an embedding: their names have no dots.
    path("robots.txt", robots, name="robots"),
    path(
        "sitemap.xml",
        require_safe(index),
        {"sitemaps": SITEMAPS, "sitemap_url_name": "registry:sitemap-part"},
        name="sitemap",
    ),
    path("sitemap-<str:section>.xml", require_safe(sitemap), {"sitemaps": SITEMAPS}, name="sitemap-part"),
    path("feed.atom", feed, name="feed"),
    path("<str:owner>/feed.atom", feed, name="owner-feed"),
    path("upload", upload.upload, name="upload"),
    path("upload/files", upload.add_file, name="upload-file"),
    path("upload/fields", upload.save_fields, name="upload-fields"),
    path("upload/pictures/<int:pk>-<str:digest>.webp", upload.picture, name="draft-picture"),
    path("media/pictures/<int:pk>-<str:digest>-<int:width>.<str:kind>", embedding_page.rendition, name="rendition"),
    path("media/pictures/<int:pk>-<str:digest>.webp", embedding_page.picture, name="picture"),
    path("media/cards/<int:pk>-<str:digest>.jpg", embedding_page.card, name="card"),
    path("", include("registry.moderation.urls")),
    path("accounts/profile", people.profile, name="profile"),
    path("collections/new", collections.create, name="collection-create"),
    path("collections/<int:pk>", collections.collection, name="collection"),
    path("collections/<int:pk>/edit", collections.edit, name="collection-edit"),
    path("collections/<int:pk>/delete", collections.delete, name="collection-delete"),
    path("collections/<int:pk>/items/<int:embedding>", collections.change_item, name="collection-item"),
    path("<str:owner>", people.embeddings, name="owner"),
    path("<str:owner>/likes", people.likes, name="likes-of"),
    path("<str:owner>/collections", people.collections, name="collections-of"),
    path("<str:owner>/<str:name>", embedding_page.embedding, name="embedding"),
    path("<str:owner>/<str:name>/edit", owner_pages.edit, name="edit"),
    path("<str:owner>/<str:name>/delete", owner_pages.delete, name="delete"),
    path("<str:owner>/<str:name>/publish", owner_pages.publish, name="publish"),
    path("<str:owner>/<str:name>/new-version", owner_pages.new_version, name="new-version"),
    path("<str:owner>/<str:name>/pictures", owner_pages.pictures, name="pictures"),
    path("<str:owner>/<str:name>/pictures/<int:pk>", owner_pages.change_picture, name="change-picture"),
    path("<str:owner>/<str:name>/collect", collections.collect, name="collect"),
    path("<str:owner>/<str:name>/like", embedding_page.like, name="like"),
    path("<str:owner>/<str:name>/v<int:number>/training.json", embedding_page.receipt, name="receipt"),
    path("<str:owner>/<str:name>/v<int:number>/<str:target>", embedding_page.download, name="download"),
]
