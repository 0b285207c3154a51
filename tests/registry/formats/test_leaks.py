"""What a file says beside its vectors is listed for its owner before it is published."""

from __future__ import annotations

import numpy as np

from registry.formats import inspect
from tests.registry.formats import builders as make
from tests.registry.formats.test_layouts import CASES, ONE, PARAMETER_DICT


def test_what_a_file_would_give_away_is_listed_for_its_owner():
    opcodes = make.a1111(
        parameters=make.dictionary(**{"*": make.tensor([3, 768])}),
        name=make.text("testTurner"),
        sd_checkpoint_name=make.text("SD1.5"),
    )
    found = inspect(make.torch_zip(opcodes, ONE, prefix="anna"))
    assert found.leaks == ("internal name: testTurner", "checkpoint: SD1.5", "folder inside the file: anna")
    metadata = {
        "format": "pt",
        "ss_train_data_dir": "/home/anna/pictures",
        "ss_output_name": "koi",
        "ss_seed": "7",
    }
    found = inspect(make.safetensors({"emb_params": ONE}, metadata))
    assert found.leaks == ("metadata ss_train_data_dir: /home/anna/pictures", "metadata ss_output_name: koi")
    assert inspect(CASES["kohya"][0]).leaks == inspect(CASES["legacy"][0]).leaks == ()


def test_everything_that_a_file_says_beside_its_vectors_is_listed_before_it_is_published():
    path = "/home/anna/venv/lib/python3.7/site-packages/torch/nn/modules/container.py"
    module = (
        b"("
        + make.text("module")
        + b"ctorch.nn.modules.container\nParameterDict\n"
        + make.text(path)
        + make.text("class …:")
        + b"tQ"
    )
    old = PARAMETER_DICT.replace(b"ctorch.nn.modules.container\nParameterDict\n", module)
    tokens = make.dictionary(**{"*": b"M\x09\x01", "anna": b"K\1"})
    opcodes = make.a1111(
        tokens,
        old,
        author=make.text("Anna"),
        loss=b"G" + bytes(8),
        optimizer=b"}",
        notes=b"](NNe",
        anchor=make.tensor([3, 768]),
    )
    found = inspect(make.torch_legacy(opcodes, ONE))
    assert found.layout == "parameter-dict" and np.array_equal(found.encoders[0].vectors, ONE)
    assert found.leaks == (
        *(
            "key author: Anna",
            "key loss: 0.0",
            "key optimizer: 0 things",
            "key notes: 2 things",
            "key anchor: a tensor",
        ),
        *("other token: anna", f"path on the machine where it was saved: {path}"),
    )
    metadata = {
        "x": "a secret remark",
        "ss_steps": "1000",
        "ss_lr": "1e-05",
        "ss_flip": "False",
        "ss_session_id": "77",
        "y": "",
    }
    assert inspect(make.safetensors({"emb_params": ONE}, metadata)).leaks == ("metadata x: a secret remark",)


def test_what_is_told_of_a_file_is_bounded_and_says_so():
    many = {f"note {number}": f"remark {number}" for number in range(100)}
    leaks = inspect(make.safetensors({"emb_params": ONE}, many)).leaks
    assert len(leaks) == 41 and leaks[-1] == "and 60 more"
    leaks = inspect(make.torch_zip(make.a1111(**{name: make.text(text) for name, text in many.items()}), ONE[:2])).leaks
    assert len(leaks) == 41 and leaks[-1] == "and 1 more"
