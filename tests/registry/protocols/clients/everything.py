"""Everything that people do with huggingface_hub, run by each of its versions; prints what came of it as one JSON object.

``HF_ENDPOINT`` names the hub. Arguments: a folder of files to upload, Alice's token.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import huggingface_hub
from huggingface_hub import CommitOperationDelete, HfApi, HfFileSystem, file_exists, hf_hub_download, snapshot_download

FOLDER, TOKEN = Path(sys.argv[1]), sys.argv[2]
anonymous, alice = HfApi(token=False), HfApi(token=TOKEN)


def refused(call):
    """What a refusal is called, and what people read."""
    try:
        return {"answer": str(call())}
    except Exception as error:
        return {"kind": type(error).__name__, "says": str(error)}


def hashed(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def fetch(repository, name, token=False, **options):
    return hashed(hf_hub_download(repository, name, token=token, **options))


def listed(api=anonymous, **options):
    return [model.id for model in api.list_models(**options)]


def reading():
    info = anonymous.model_info("alice/red-heart")
    sized = anonymous.model_info("alice/red-heart", files_metadata=True)
    files, refs = anonymous.list_repo_files("alice/red-heart"), anonymous.list_repo_refs("alice/red-heart")
    snapshot = Path(snapshot_download("alice/red-heart", token=False))
    again = snapshot_download("alice/red-heart", token=False, revision=info.sha)
    return {
        "whoami": alice.whoami()["name"],
        "whoami without a token": refused(anonymous.whoami),
        "whoami with a foreign token": refused(HfApi(token="hf_" + "a" * 34).whoami),
        "all": listed(),
        "first two": listed(limit=2),
        "mine too": listed(alice, author="alice"),
        "search": listed(search="heart"),
        "author": listed(author="bob"),
        "filter": listed(filter=["textual_inversion", "warm"]),
        "by base model": listed(filter="base_model:stabilityai/stable-diffusion-xl-base-1.0"),
        "by licence": listed(filter="license:mit"),
        "downloads": listed(sort="downloads")[:1],
        "likes": listed(sort="likes")[:1],
        "newest": listed(sort="created_at")[:1],
        "changed": listed(sort="last_modified")[:1],
        "in full": {model.id: [model.sha, len(model.siblings)] for model in anonymous.list_models(full=True)},
        "info": {
            "id": info.id, "sha": info.sha, "author": info.author, "private": info.private, "tags": info.tags,
            "library": info.library_name, "license": info.card_data.license, "base_model": info.card_data.base_model,
            "files": [sibling.rfilename for sibling in info.siblings], "changed": info.last_modified.isoformat(),
        },
        "sizes": {sibling.rfilename: [sibling.size, sibling.blob_id] for sibling in sized.siblings},
        "files": files,
        "fetched": {name: fetch("alice/red-heart", name) for name in files},
        "snapshot": {path.name: hashed(path) for path in snapshot.iterdir()},
        "snapshot's folder": snapshot.name,
        "same snapshot": str(snapshot) == again,
        "v1": fetch("alice/red-heart", "learned_embeds.safetensors", revision="v1"),
        "by commit": fetch("alice/red-heart", "learned_embeds.safetensors", revision=info.sha, force_download=True),
        "is there": [file_exists("alice/red-heart", name, token=False) for name in ("README.md", "config.json")],
        "exists": [anonymous.repo_exists(name) for name in ("alice/red-heart", "alice/secret-one", "nobody/nothing")],
        "exists for alice": alice.repo_exists("alice/secret-one"),
        "secret": fetch("alice/secret-one", "README.md", token=TOKEN),
        "secret without token": refused(lambda: fetch("alice/secret-one", "learned_embeds.bin")),
        "no file": refused(lambda: fetch("alice/red-heart", "config.json")),
        "no revision": refused(lambda: fetch("alice/red-heart", "README.md", revision="v9")),
        "no repository": refused(lambda: fetch("alice/nothing", "README.md")),
        "no owner": refused(lambda: anonymous.model_info("gpt2")),
        "gated": listed(gated=True),
        "a data set's file": refused(lambda: fetch("alice/red-heart", "README.md", repo_type="dataset")),
        "a data set": [anonymous.repo_exists("alice/red-heart", repo_type=kind) for kind in ("dataset", "space")],
        "history": [commit.title for commit in anonymous.list_repo_commits("alice/red-heart", revision=info.sha)],
        "refs": {ref.name: ref.target_commit for ref in refs.branches + refs.tags},
        "paths": [path.path for path in anonymous.get_paths_info("alice/red-heart", ["README.md", "config.json"])],
        "likers": refused(lambda: list(anonymous.list_repo_likers("alice/red-heart"))),
        "listed as a folder": HfFileSystem(token=False).ls("alice/red-heart@v1", detail=False),
        "read as a file": HfFileSystem(token=False).cat_file("alice/red-heart/README.md", start=0, end=3).decode(),
    }  # fmt: skip


def put(name, repository, file=None, api=alice, **options):
    return api.upload_file(
        path_or_fileobj=str(FOLDER / (file or name)), path_in_repo=name, repo_id=repository, **options
    )


def writing():
    new = "alice/new-one"
    told = {
        "before": refused(lambda: put("learned_embeds.safetensors", new)),
        "created": str(alice.create_repo(new, private=True)),
        "created again": refused(lambda: alice.create_repo(new)),
        "may exist": str(alice.create_repo(new, exist_ok=True)),
        "not mine": refused(lambda: alice.create_repo("bob/new-one")),
        "bad name": refused(lambda: alice.create_repo("alice/New.One")),
        "a data set": refused(lambda: alice.create_repo(new, repo_type="dataset")),
        "empty": [alice.repo_exists(new), alice.list_repo_files(new), anonymous.repo_exists(new), new in listed(alice)],
        "picture first": refused(lambda: put("preview.png", new)),
    }
    put("README.md", new)
    told["card first"] = alice.list_repo_files(new)
    told["first"] = put("learned_embeds.safetensors", new).oid
    told["files"] = alice.list_repo_files(new)
    told["same"] = [put("learned_embeds.safetensors", new).oid, put("other-name.bin", new, "learned_embeds.bin").oid]
    told["second"] = put("learned_embeds.safetensors", new, "second.safetensors", commit_message="Trained longer").oid
    put("preview.png", new)
    put("README.md", new, "changed.md")
    info = alice.model_info(new)
    told["info"] = {"sha": info.sha, "tags": info.tags, "private": info.private}
    told["card"] = Path(hf_hub_download(new, "README.md", token=TOKEN)).read_text()
    told["versions"] = [
        fetch(new, "learned_embeds.safetensors", token=TOKEN, revision=revision)
        for revision in ("v1", "v2", "main", told["first"], told["second"])
    ]
    told["history"] = [[commit.title, commit.message] for commit in alice.list_repo_commits(new)]
    alice.update_repo_settings(new, private=False)
    told["found by all"] = anonymous.repo_exists(new)
    alice.update_repo_settings(new, private=True)
    told["found by all"] = [told["found by all"], anonymous.repo_exists(new)]
    told["gated"] = refused(lambda: alice.update_repo_settings(new, gated="auto"))
    told["no embedding"] = refused(lambda: put("broken.safetensors", new))
    told["malicious"] = refused(lambda: put("malicious.pt", new))
    told["no place"] = refused(lambda: put("notes.txt", new, "changed.md"))
    told["bad card"] = refused(lambda: put("README.md", new, "bad.md"))
    told["bad licence"] = refused(lambda: put("README.md", new, "licence.md"))
    told["another token"] = refused(lambda: put("README.md", new, "token.md"))
    told["another branch"] = refused(lambda: put("README.md", new, revision="v1"))
    told["a request"] = refused(lambda: put("README.md", new, create_pr=True))
    told["deleted file"] = refused(
        lambda: alice.create_commit(new, [CommitOperationDelete("README.md")], commit_message="no")
    )
    told["in between"] = refused(lambda: put("README.md", new, parent_commit="0" * 40))
    told["foreign"] = refused(lambda: put("README.md", "bob/his-one", "changed.md"))
    told["without token"] = refused(lambda: put("README.md", "bob/his-one", "changed.md", api=anonymous))
    return told


def folders():
    """A whole folder, in one commit; and a repository as it was fetched, into another."""
    told = {}
    for name, folder in (("whole-one", FOLDER / "folder"), ("xl-one", FOLDER / "sdxl")):
        alice.create_repo(f"alice/{name}")
        told[name] = alice.upload_folder(repo_id=f"alice/{name}", folder_path=str(folder)).oid
        copy = snapshot_download(f"alice/{name}", token=False, local_dir=FOLDER / f"copy-{name}")
        alice.create_repo(f"alice/copy-of-{name}")
        alice.upload_folder(repo_id=f"alice/copy-of-{name}", folder_path=copy)
        for one in (name, f"copy-of-{name}"):
            told[f"files of {one}"] = {
                file: fetch(f"alice/{one}", file) for file in anonymous.list_repo_files(f"alice/{one}")
            }
    for name in ("whole-one", "xl-one", "copy-of-whole-one", "copy-of-xl-one", "new-one"):
        alice.delete_repo(f"alice/{name}")
    told["gone"] = [alice.repo_exists("alice/whole-one"), alice.repo_exists("alice/new-one")]
    told["gone already"] = refused(lambda: alice.delete_repo("alice/whole-one"))
    told["may be gone"] = refused(lambda: alice.delete_repo("alice/whole-one", missing_ok=True))
    alice.create_repo("alice/never-used")
    alice.delete_repo("alice/never-used")
    told["given up"] = alice.repo_exists("alice/never-used")
    return told


with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always", UserWarning)
    result = {
        "version": huggingface_hub.__version__,
        "reading": reading(),
        "writing": writing(),
        "folders": folders(),
        "warnings": [str(warning.message) for warning in warned],
    }
print(json.dumps(result))
