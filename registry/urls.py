from __future__ import annotations

from django.urls import include, path

from registry import upload, views

app_name = "registry"
urlpatterns = [
    path("", views.browse, name="browse"),
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
