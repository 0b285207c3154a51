"""The examples of the API's pages run as they are pasted."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from hub.accounts.models import ApiToken, Scope, User
from registry.formats import Encoder, canonical
from tests.registry.conftest import upload  # noqa: F401
from tests.registry.samples import picture, vectors
from tests.training.conftest import pocket  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
#: Ends the script at the first example that is refused, and shows what it was told.
BEGIN = 'set -e\ncurl() { command curl --silent --show-error --fail-with-body "$@" || { echo "$@" >&2; return 1; }; }\n'

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("curl"), reason="missing: curl"),
]


@pytest.fixture
def demo(upload, pocket):  # noqa: F811
    """Whom the sample catalogue belongs to, with two embeddings of it."""
    person = User.objects.create_user("demo")
    for seed, name in enumerate(["koi", "candy-heart"]):
        data = canonical([Encoder("emb_params", vectors(seed, 2, 128), "F32")])
        upload(person, name, base="pocket", title=name.replace("-", " "), token=f"<{name}>", data=data)
    return person


@pytest.fixture
def paste(demo, live_server, tmp_path):
    """Run what a page of the docs shows for a shell, in a folder with the files that it names."""
    token = ApiToken.issue(owner=demo, name="docs", scopes=list(Scope))[1]
    for number in (1, 2, 3):
        (tmp_path / f"{number}.jpg").write_bytes(picture((96, 96), colour=(60 * number, 90, 160)))
    for name, width in (("learned_embeds", 768), ("learned_embeds_2", 1280)):
        (tmp_path / f"{name}.safetensors").write_bytes(save({"<koi>": np.full((1, width), 0.01, np.float32)}))

    def run(page, **changed):
        text = (ROOT / "docs" / page).read_text()
        script = "".join(re.findall(r"^```sh\n(.*?)^```", text[text.index(changed.pop("after", "")) :], re.M | re.S))
        for old, new in {"http://localhost:8000": live_server.url, "sw_…": token, **changed}.items():
            script = script.replace(old, new)
        done = subprocess.run(["bash", "-c", BEGIN + script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr
        return done.stdout

    return run


def test_the_native_apis(paste, tmp_path, demo):
    paste("api.md", after="## Examples")
    assert (tmp_path / "koi.safetensors").stat().st_size > 1000
    assert sorted(demo.embeddings.values_list("name", flat=True)) == ["candy-heart", "koi", "koi-xl", "my-koi"]
    assert demo.jobs.get().name == "my-kite"


def test_civitais(paste, tmp_path, demo):
    version = demo.embeddings.get(name="koi").latest.pk
    for file in tmp_path.glob("*.safetensors"):
        file.unlink()
    told = paste("civitai.md", **{"models/2 ": f"models/{version} "})
    assert '"name":"candy heart"' in told and f'"id":{version},"name":"v1"' in told
