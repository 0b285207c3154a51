from __future__ import annotations

from django.urls import path

from registry.protocols.huggingface import changes, views

MODEL = "api/models/<str:owner>/<str:name>"
REPOSITORY = "<str:owner>/<str:name>"

app_name = "huggingface"
urlpatterns = [
    path("api/whoami-v2", views.WhoAmIView.as_view(), name="whoami"),
    path("api/validate-yaml", views.ValidateView.as_view(), name="validate"),
    path("api/repos/create", changes.CreateView.as_view(), name="create"),
    path("api/repos/delete", changes.DeleteView.as_view(), name="delete"),
    path("api/models", views.ModelsView.as_view(), name="models"),
    path("api/models/<str:name>", views.UnknownModelView.as_view(), name="unknown"),
    path(MODEL, views.ModelView.as_view(), name="model"),
    path(f"{MODEL}/revision/<path:revision>", views.ModelView.as_view(), name="revision"),
    path(f"{MODEL}/tree/<str:revision>", views.TreeView.as_view(), name="tree"),
    path(f"{MODEL}/tree/<str:revision>/<path:path>", views.TreeView.as_view(), name="folder"),
    path(f"{MODEL}/paths-info/<path:revision>", views.PathsView.as_view(), name="paths"),
    path(f"{MODEL}/refs", views.RefsView.as_view(), name="refs"),
    path(f"{MODEL}/commits/<path:revision>", views.HistoryView.as_view(), name="history"),
    path(f"{MODEL}/settings", changes.SettingsView.as_view(), name="settings"),
    path(f"{MODEL}/preupload/<path:revision>", changes.PreuploadView.as_view(), name="preupload"),
    path(f"{MODEL}/commit/<path:revision>", changes.CommitView.as_view(), name="commit"),
    path("api/datasets/<path:path>", views.OtherKindView.as_view(), name="datasets"),
    path("api/spaces/<path:path>", views.OtherKindView.as_view(), name="spaces"),
    path(f"datasets/{REPOSITORY}/resolve/<path:path>", views.OtherKindView.as_view(), name="dataset-file"),
    path(f"spaces/{REPOSITORY}/resolve/<path:path>", views.OtherKindView.as_view(), name="space-file"),
    path(f"{REPOSITORY}/resolve/<str:revision>/<path:path>", views.ResolveView.as_view(), name="resolve"),
    path(f"{REPOSITORY}/raw/<str:revision>/<path:path>", views.ResolveView.as_view(), name="raw"),
    path(f"{REPOSITORY}/blob/<str:revision>/<path:path>", views.page, name="blob"),
    path(f"{REPOSITORY}/tree/<path:revision>", views.page, name="files"),
    path(f"{REPOSITORY}/commit/<str:revision>", views.page, name="change"),
]
