"""Inputs to begin with: good files of every layout and container, and the bad files of the tests' tables."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path

from PIL import Image

from tests.fuzz.target import frame
from tests.registry.formats import (
    bad_containers,
    bad_contents,
    bad_pictures,
    bad_streams,
    payloads,
    test_layouts,
)
from tests.registry.formats import builders as make
from tests.registry.formats.pictures import as_json, chunk, hiding, plain, png, text

#: Bytes of an input; larger ones take longer to read and to change, and hold little that smaller ones do not.
MAX_SEED_BYTES = 16 * 1024
#: Inputs that once found a mistake.
FOUND = Path(__file__).parent / "found"

_ONE, _BIG = make.vectors(1, 768), make.vectors(1, 1280)
_SMALL = make.vectors(2, 128)
_BASE64 = text(as_json(_SMALL)).removeprefix(b"sd-ti-embedding\0")


def _webp() -> bytes:
    file = io.BytesIO()
    Image.fromarray(hiding(as_json(_SMALL))).save(file, "WEBP", lossless=True, exact=True, method=0)
    return file.getvalue()


def _a1111(name: str) -> bytes:
    parameters = make.dictionary(**{"*": make.tensor([2, 128])})
    return make.torch_zip(make.a1111(parameters=parameters, name=make.text(name), step=b"K\7"), _SMALL)


def generated() -> list[bytes]:
    """All seeds that builders make, each once."""
    pivotal = make.safetensors({"text_encoders_0": _ONE, "text_encoders_1": _BIG})
    sidecar = json.dumps({"TOK": "<s0><s1>"}).encode()
    singles = [
        *(case[0] for case in test_layouts.CASES.values()),
        *(
            data
            for part in (bad_containers, bad_contents, bad_pictures, bad_streams, payloads)
            for data, _ in part.CASES.values()
        ),
        png(hiding(as_json(_SMALL))),
        bad_pictures.told(as_json(_SMALL)),
        *(
            png(plain(9, 9), more=[chunk(kind, b"sd-ti-embedding\0" + flags + packed)])
            for kind, flags, packed in (
                (b"zTXt", b"\0", zlib.compress(_BASE64)),
                (b"iTXt", b"\0\0en\0\0", _BASE64),
                (b"iTXt", b"\1\0\0\0", zlib.compress(_BASE64)),
            )
        ),
        _webp(),
        _a1111("koi"),
        make.safetensors(
            {"bundle_emb.cat.clip_l": _ONE, "bundle_emb.cat.clip_g": _BIG, "lora_unet.alpha": _SMALL[:1, :1]}
        ),
        make.safetensors({"<s1>": _ONE[0], "unet:0:up": _SMALL}, {"<s1>": "<embed>", "ss_output_name": "/home/me/koi"}),
    ]
    several = [
        [("a.safetensors", make.safetensors({"<cat>": _ONE})), ("b.safetensors", make.safetensors({"<cat>": _BIG}))],
        [("koi.pt", _a1111("koi")), ("koi-neg.pt", _a1111("koi-neg"))],
        [("embeddings.pti", pivotal), ("special_params.json", sidecar)],
        [("embeddings.pti", pivotal), ("special_params.json", b'{"TOK": NaN}')],
        [("a.pt", _a1111("a")), ("b.png", png(hiding(as_json(_SMALL)))), ("c", b"")],
    ]
    return [data for data in dict.fromkeys([*singles, *map(frame, several)]) if len(data) <= MAX_SEED_BYTES]


def found() -> dict[str, bytes]:
    """Inputs that once found a mistake, by name."""
    return {path.name: path.read_bytes() for path in sorted(FOUND.iterdir())}


def dictionary() -> str:
    """Words worth putting where they do not belong, as libFuzzer reads them."""
    words = [
        b"posix\nsystem\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n", b"ccollections\nOrderedDict\n)R",
        b"ctorch.nn.modules.container\nParameterDict\n)\x81", b"c__builtin__\nset\n", b"ctorch\nBFloat16Storage\n", b"ctorch\nLongStorage\n",
        *(make.text(word) for word in ("storage", "module", "_parameters", "string_to_param", "string_to_token", "emb", "emb2", "cpu", "0", "*")),
        b"h\0", b"q\0", b"q\1h\0", b"}(", b"](", b"tQ", b"tR", b"u.", b"\x8a\x08" + b"\xff" * 8, b"J\0\0\0\x80",
        *(f'"{word}"'.encode() for word in ("dtype", "shape", "data_offsets", "__metadata__", "F32", "BF16", "F64", "F16", "clip_l", "clip_g")),
        *(f'"{word}"'.encode() for word in ("t5", "t5xxl", "gemma", "llama", "emp_params", "bundle_emb.a.clip_l", "<embed>", "TORCHTENSOR")),
        *(f'"{word}"'.encode() for word in ("string_to_param", "IN01", "MID", "\\ud800", "clip_l_out", "lora_a")),
        b"null", b"true", b"1e999", b"-1", b"NaN", b"18446744073709551616", b"[[1.0]]", b"{}", b'":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
        b"archive/data/0", b"archive/byteorder", b"archive/.data/serialization_id", b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08",
        b"IHDR", b"IDAT", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"PLTE", b"IEND", b"sd-ti-embedding\0", b"VP8L", b"VP8X", b"EXIF", b"-neg", b"\xe2\x80\xae",
    ]  # fmt: skip
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)
