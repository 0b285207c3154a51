"""What the requests are about: embeddings, collections, jobs and the rest of one account, many of each, since requests delete them."""

from __future__ import annotations

import json
import sys
from typing import Any

#: The key of the token that requests are made with: none of them shall revoke it.
OUT_OF_REACH = 1_000_000_007


def build(count: int) -> dict[str, Any]:
    """Fill an empty hub; return the values of path parameters by their names, and a token of every scope."""
    from hub.accounts.models import ApiToken, Scope, User
    from hub.accounts.notices import notify
    from hub.webhooks import events
    from hub.webhooks.models import MAX_WEBHOOKS, Webhook
    from registry.collections.services import create_collection, put_item
    from registry.models import Report
    from registry.pictures.previews import NewPreview, read_picture
    from registry.services import like, upload_embedding
    from tests.registry import samples
    from training.bases import ensure_builtin_bases
    from training.models import Job, JobPreview
    from training.services import find_base

    ensure_builtin_bases()
    alice = User.objects.create_user("alice", password="wonderland")
    keys: dict[str, list[Any]] = {name: [] for name in ("name", "embedding", "hash", "preview", "pk", "delivery")}
    for number in range(count):
        drawn = read_picture("x.png", samples.picture(colour=(number % 256, 3, 3)))
        version = upload_embedding(
            owner=alice, filename="x.safetensors", data=samples.sd1_file(number), name=f"koi-{number}", title="Koi",
            token=f"<koi-{number}>", kind="object", base="sd1", license="mit", tags=["fish"],
            visibility=("public", "unlisted", "private")[number % 3], previews=[NewPreview(picture=drawn)],
        )  # fmt: skip
        like(user=alice, embedding=version.embedding)
        Report.objects.create(embedding=version.embedding, path=str(version.embedding), reporter=alice, reason="spam")
        keys["name"].append(version.embedding.name)
        keys["embedding"].append(version.embedding.pk)
        keys["hash"] += [version.files.first().sha256, version.files.first().crc32]
        keys["preview"].append(version.previews.get().pk)
        board = create_collection(owner=alice, title=f"Fish {number}", visibility="public")
        put_item(collection=board, embedding=version.embedding)
        job = Job.objects.create(
            owner=alice, base=find_base("pocket"), name=f"job-{number}", token="<job>", kind="object", initialiser="thing",
            vectors=1, total_steps=10,
        )  # fmt: skip
        sketch = JobPreview.objects.create(
            job=job, step=1, template="a {}", prompt="a <job>", seed=1, variant="learned", blob=version.previews.get().blob,
            width=64, height=64,
        )  # fmt: skip
        keys["preview"].append(sketch.pk)
        keys["pk"] += [board.pk, job.pk]
        notify(owner_id=alice.pk, key=f"told-{number}", text="Something happened.", url="/jobs")
    for _ in range(min(count, MAX_WEBHOOKS)):
        hook, _secret = Webhook.make(owner=alice, url="https://example.org/", events=["published"])
        keys["delivery"].append(str(events.ping(hook).pk))
    keys["name"].append("pocket")  # a base model
    token, secret = ApiToken.issue(owner=alice, name="all", scopes=Scope.values)
    ApiToken.objects.filter(pk=token.pk).update(id=OUT_OF_REACH)
    return {
        "token": secret,
        "keys": {"owner": ["alice"], "username": ["alice"], "number": [1], **keys, "id": keys["pk"]},
    }


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(build(int(sys.argv[1])), sys.stdout)
