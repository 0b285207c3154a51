"""Files in a good container that hold the wrong thing. Name of the case → (bytes, code)."""

from __future__ import annotations

import numpy as np

from registry.formats.limits import MAX_OPCODES, MAX_PICKLE_BYTES, MAX_ROWS, MAX_STACK
from tests.registry.formats import builders as make
from tests.registry.formats.bad_containers import GOOD_LEGACY, RECORDS, V, entry, named


def view(*args, **options):
    """A torch zip of one tensor with an unusual view."""
    return make.torch_zip(make.dictionary(**{"<cat>": make.tensor(*args, **options)}), V)


def views(times, count):
    """Opcodes of a dictionary that holds one tensor under many names."""
    first = make.text("w0") + make.tensor([count]) + b"q\0"
    return b"}(" + first + b"".join(make.text(f"w{n}") + b"h\0" for n in range(1, times)) + b"u"


def in_zip(opcodes):
    return make.torch_zip(opcodes)


def bent(**changes):
    """Vectors with one number replaced."""
    array = V.copy()
    array[1, 5] = changes["value"]
    return make.safetensors({"emb_params": array})


CASES = {
    # Pickles that are wrong without being a threat.
    "an empty pickle": (make.Zip({**RECORDS, "data.pkl": b""}).bytes(), "truncated"),
    "a pickle without an end": (make.Zip({**RECORDS, "data.pkl": b"\x80\x02}"}).bytes(), "truncated"),
    "bytes after the pickle": (make.Zip({**RECORDS, "data.pkl": RECORDS["data.pkl"] + b"\x80"}).bytes(), "malformed"),
    "values left behind": (in_zip(b"NN"), "malformed"),
    "a value taken from nowhere": (make.Zip({**RECORDS, "data.pkl": b"\x80\x02."}).bytes(), "malformed"),
    "a mark that is not there": (in_zip(b"t"), "malformed"),
    "a memo that is not there": (in_zip(b"h\x05"), "malformed"),
    "an unknown protocol": (make.Zip({**RECORDS, "data.pkl": b"\x80\x09N."}).bytes(), "malformed"),
    "a text beyond the end": (in_zip(b"X\xff\xff\xff\x7f"), "too_large"),
    "a text that is not UTF-8": (in_zip(b"X\1\0\0\0\xff"), "malformed"),
    "a line without an end": (in_zip(b"c" + b"a" * 400), "malformed"),
    "an item for no dictionary": (in_zip(b"NNNs"), "malformed"),
    "a list as a key": (in_zip(b"}]Ns"), "malformed"),
    "a truth value as a key": (in_zip(b"}\x88Ns"), "malformed"),
    "an item for no list": (in_zip(b"NNa"), "malformed"),
    "more values than the stack holds": (in_zip(b"N" * (MAX_STACK + 1)), "too_large"),
    "more opcodes than the limit": (in_zip(b"]" + b"Na" * MAX_OPCODES), "too_large"),
    "a pickle over the limit": (in_zip(make.text("a" * (MAX_PICKLE_BYTES + 1))), "too_large"),
    "a list inside itself": (in_zip(b"]q\0h\0a"), "unknown_layout"),
    "a dictionary inside itself": (in_zip(b"}q\0" + make.text("a") + b"h\0s"), "unknown_layout"),
    "a list inside itself, legacy": (make.torch_legacy(b"]q\0h\0a"), "unknown_layout"),
    "tuples doubled 200 times, legacy": (make.torch_legacy(b")q\0" + b"h\0h\0\x86q\0" * 200), "malformed"),
    "lists nested 900 deep, legacy": (make.torch_legacy(b"]" * 900 + b"a" * 899), "unknown_layout"),
    # Views of numbers.
    "an expanded view": (view([10**6, 10**6], stride=[0, 0], count=1536), "malformed"),
    "a transposed view": (view([768, 2], stride=[1, 768]), "malformed"),
    "a view beyond its storage": (view([2, 768], offset=1), "malformed"),
    "a view larger than its storage": (view([3, 768], count=1536), "malformed"),
    "a storage larger than its record": (view([2, 768], count=10**9), "malformed"),
    "a storage that is missing": (view([2, 768], key="7"), "malformed"),
    "a storage named like a path": (view([2, 768], key="../version"), "malformed"),
    "a storage count that is a truth value": (view([1, 1], count=b"\x88"), "malformed"),
    "a storage count below zero": (view([2, 768], count=-1), "malformed"),
    "a side that is a truth value": (view([b"\x88", 768], stride=[768, 1], count=1536), "malformed"),
    "a side below zero": (view([-2, 768], stride=[768, 1], count=1536), "malformed"),
    "a side of 250 digits": (view([10**250, 768], stride=[768, 1], count=1536), "malformed"),
    "an offset that is a text": (view([2, 768], offset=make.text("0")), "malformed"),
    "stride and shape of unlike length": (view([2, 768], stride=[1], count=1536), "malformed"),
    "five dimensions": (view([1, 1, 1, 2, 768]), "malformed"),
    "no dimensions": (view([]), "malformed"),
    "a side of zero": (view([0, 768], stride=[768, 1], count=1536), "malformed"),
    "a storage of whole numbers": (view([768], kind="LongStorage"), "malformed"),
    "a storage class nobody uses": (view([2, 768], kind="ByteStorage"), "unsafe"),
    "a persistent id of another kind": (in_zip(make.text("module") + b"Q"), "malformed"),
    "one storage viewed 400 times": (make.torch_zip(views(400, 768), V[0]), "too_large"),
    "one large storage viewed 20 times": (make.torch_zip(views(20, 2**20), np.zeros(2**20, np.float32)), "too_large"),
    "a name of 5,000 characters": (make.torch_zip(make.embedding("x" * 5000), V), "too_large"),
    "a type of 5,000 characters": (entry(dtype="x" * 5000), "malformed"),
    "a shape of 5,000 sides": (entry(shape=[1] * 5000), "malformed"),
    # The legacy container.
    "a legacy file cut in its numbers": (GOOD_LEGACY[:-1], "truncated"),
    "a legacy file cut in its pickles": (GOOD_LEGACY[:40], "truncated"),
    "bytes after a legacy file": (GOOD_LEGACY + b"\0", "malformed"),
    "a legacy storage of another size": (make.torch_legacy(make.embedding(), V, counts=[7]), "malformed"),
    "a legacy storage nobody names": (make.torch_legacy(make.embedding(), V, V), "malformed"),
    "a legacy key list of lists": (make.torch_legacy(make.embedding(), V, keys=b"](]e"), "malformed"),
    "no legacy key list": (make.torch_legacy(make.embedding(), V, keys=b"N"), "malformed"),
    "a storage described in two ways": (
        make.torch_legacy(make.dictionary(a=make.tensor([768], count=1536), b=make.tensor([768], count=768)), V), "malformed",
    ),
    "another legacy protocol": (make.torch_legacy(make.embedding(), V, protocol=b"\x80\x02K\x01."), "malformed"),
    "a big-endian legacy file": (
        make.torch_legacy(make.embedding(), V, system=make.stream(make.dictionary(little_endian=b"\x89"))), "malformed",
    ),
    # Numbers.
    "not a number": (bent(value=np.nan), "bad_values"),
    "infinity": (bent(value=-np.inf), "bad_values"),
    "a float64 beyond float32": (named("emb_params", np.full((1, 768), 1e300)), "bad_values"),
    "three dimensions": (named("emb_params", V.reshape(2, 2, 384)), "bad_values"),
    "more vectors than the limit": (named("emb_params", np.ones((MAX_ROWS + 1, 8), np.float32)), "too_large"),
    # Layouts.
    "an unknown width": (named("emb_params", V.reshape(4, 384)), "unknown_base"),
    "Qwen vectors by width": (named("<cat>", np.ones((1, 3584), np.float32)), "unknown_base"),
    "T5's name for other vectors": (named("t5xxl", np.ones((1, 1024), np.float32)), "unknown_base"),
    "half of a diffusers SDXL pair": (named("<cat>", np.ones((1, 1280), np.float32)), "unknown_base"),
    "SDXL with its halves swapped": (make.safetensors({"clip_l": np.ones((1, 1280), np.float32), "clip_g": np.ones((1, 768), np.float32)}), "unknown_base"),
    "half of Replicate's SDXL": (named("text_encoders_0"), "unknown_layout"),
    "a name of OpenCLIP for vectors of another": (named("clip_h"), "unknown_base"),
    "a name of Qwen for vectors of another": (named("qwen3_06b"), "unknown_base"),
    "text encoders that no model has together": (make.safetensors({"clip_l": V, "gemma": np.ones((2, 2304), np.float32)}), "unknown_layout"),
    "one text encoder by two names": (make.safetensors({"t5": np.ones((1, 4096), np.float32), "t5xxl": np.ones((1, 4096), np.float32)}), "unknown_layout"),
    "a model that is not supported": (named("qwen25_7b", np.ones((1, 3584), np.float32)), "unknown_layout"),
    "a token beside a tool's name": (make.safetensors({"emb_params": V, "<cat>": V}), "unknown_layout"),
    "XTI without most of its layers": (make.safetensors({"IN01": V, "MID": V, "OUT11": V}), "unknown_layout"),
    "unlike counts of vectors": (make.safetensors({"clip_l": V, "clip_g": np.ones((3, 1280), np.float32)}), "bad_values"),
    "two tokens": (make.safetensors({"<cat>": V, "<dog>": V}), "several_tokens"),
    "two tokens in a .bin": (make.torch_zip(make.dictionary(a=make.tensor([2, 768]), b=make.tensor([2, 768], key="1")), V, V), "several_tokens"),
    "two tokens in A1111's layout": (
        make.torch_zip(make.a1111(parameters=make.dictionary(a=make.tensor([2, 768]), b=make.tensor([2, 768]))), V), "several_tokens",
    ),
    "no vectors in A1111's layout": (make.torch_zip(make.a1111(parameters=b"}")), "bad_values"),
    "a list for string_to_param": (make.torch_zip(make.a1111(parameters=b"]")), "unknown_layout"),
    "a text for a tensor": (make.torch_zip(make.dictionary(**{"<cat>": make.text("meow")})), "unknown_layout"),
    "an empty dictionary": (in_zip(b"}"), "unknown_layout"),
    "nothing pickled": (in_zip(b"N"), "unknown_layout"),
    "a list of steps": (make.torch_zip(b"]" + make.embedding() + b"a", V), "unknown_layout"),
    "a bare tensor of four dimensions": (make.torch_zip(make.tensor([1, 1, 2, 768]), V), "bad_values"),
    "a text encoder's output": (make.torch_zip(make.tensor([1, 77, 768]), np.ones(77 * 768, np.float32)), "not_an_embedding"),
    "a text encoder's output with a name": (named("<cat>", np.ones((1, 77, 768), np.float32)), "not_an_embedding"),
    "output embeddings": (named("emp_params_out"), "not_an_embedding"),
    "SDXL output embeddings": (make.safetensors({"clip_l_out": V, "clip_g_out": np.ones((2, 1280), np.float32)}), "not_an_embedding"),
    "a LoRA's scales": (make.safetensors({"lora_unet_mid.alpha": V, "lora_unet_up.alpha": V}), "not_an_embedding"),
    "a training that was interrupted": (make.torch_zip(make.dictionary(global_step=b"K\1", state_dict=b"}")), "not_an_embedding"),
    "two words that look the same": (make.safetensors({"<cat>": V, "<cat> ": V}), "bad_token"),
    "two words that look the same in A1111's layout": (
        make.torch_zip(make.a1111(parameters=make.dictionary(**{"a": make.tensor([2, 768]), "a\u200d": make.tensor([2, 768])})), V), "bad_token",
    ),
    **{f"a token with U+{ord(hidden):04X}": (named(f"<ca{hidden}t>"), "bad_token") for hidden in "\u061c\u180e\u00ad\u3164\u2066\U000e0041"},
    "an optimiser's state": (make.torch_zip(make.dictionary(hash=make.text("abcd"), optimizer_state_dict=b"}")), "not_an_embedding"),
    "a checkpoint": (make.torch_zip(make.dictionary(state_dict=b"}", epoch=b"K\1")), "not_an_embedding"),
    "a text encoder": (named("text_model.embeddings.token_embedding.weight"), "not_an_embedding"),
    "a hypernetwork": (make.torch_zip(b"}(M\0\3" + make.tensor([2, 768]) + b"u", V), "not_an_embedding"),
    "a kohya LoRA": (named("lora_unet_mid_block.lora_down.weight"), "not_an_embedding"),
    "a diffusers LoRA": (named("unet.mid_block.to_q.lora.down.weight"), "not_an_embedding"),
    "a PEFT LoRA": (named("base_model.model.unet.to_q.lora_A.weight"), "not_an_embedding"),
    "a LoRA of many tensors": (make.safetensors({f"lora_unet_{n}.lora_up.weight": V[:1, :1] for n in range(200)}), "not_an_embedding"),
    "a word bundled in a LoRA": (named("bundle_emb.cat.clip_l"), "not_an_embedding"),
    "a token that is only spaces": (named("  "), "bad_token"),
}  # fmt: skip
