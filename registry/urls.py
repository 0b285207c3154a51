from __future__ import annotations

from django.contrib.sitemaps.views import index, sitemap
from django.urls import include, path
from django.views.decorators.http import require_safe

from registry import browse, upload, views
from registry.feeds import feed
from registry.sitemaps import SITEMAPS, robots

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
    path("media/pictures/<int:pk>-<str:digest>-<int:width>.<str:kind>", views.rendition, name="rendition"),
    path("media/pictures/<int:pk>-<str:digest>.webp", views.picture, name="picture"),
    path("", include("registry.moderation.urls")),
    path("<str:owner>", views.owner, name="owner"),
    path("<str:owner>/<str:name>", views.embedding, name="embedding"),
    path("<str:owner>/<str:name>/edit", views.edit, name="edit"),
    path("<str:owner>/<str:name>/delete", views.delete, name="delete"),
    path("<str:owner>/<str:name>/publish", views.publish, name="publish"),
    path("<str:owner>/<str:name>/like", views.like, name="like"),
    path("<str:owner>/<str:name>/v<int:number>/<str:target>", views.download, name="download"),
]
