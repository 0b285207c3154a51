"""diffusers' own loader on small pipelines of random weights: what it learns from the files that are written for it."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from registry.formats import Dtype, Encoder, Target, write
from registry.formats.hashes import sha256
from tests.registry.formats.builders import vectors

torch = pytest.importorskip("torch", reason="torch is not installed")
diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

ROWS = [1, 3]
WIDTHS = {"emb_params": 768, "clip_l": 768, "clip_g": 1280}
#: What the text encoder's widths leave free is kept as small as diffusers allows.
SMALL = {"norm_num_groups": 2, "layers_per_block": 1, "sample_size": 8}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def tokenizer():
    """CLIP's tokenizer with a vocabulary of single characters."""
    characters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    words = [
        *characters,
        *(character + "</w>" for character in characters),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    vocab = {word: index for index, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=16, pad_token="<|endoftext|>")


def text_encoder(width, words, *, projects=False):
    config = transformers.CLIPTextConfig(
        vocab_size=len(words), hidden_size=width, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1,
        projection_dim=16, max_position_embeddings=16, bos_token_id=len(words) - 2, eos_token_id=len(words) - 1,
    )  # fmt: skip
    kind = transformers.CLIPTextModelWithProjection if projects else transformers.CLIPTextModel
    return kind(config).eval()


def unet(width, **more):
    return diffusers.UNet2DConditionModel(
        block_out_channels=(4, 8), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=2,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=width, **SMALL, **more,
    )  # fmt: skip


def scheduler():
    return diffusers.DDIMScheduler(clip_sample=False, steps_offset=1)


def vae():
    return diffusers.AutoencoderKL(block_out_channels=(4,), latent_channels=4, **SMALL)


@pytest.fixture(scope="module")
def sd():
    """A Stable Diffusion 1.x pipeline: its text encoder is 768 wide."""
    words = tokenizer()
    return diffusers.StableDiffusionPipeline(
        vae=vae(), unet=unet(768), scheduler=scheduler(), tokenizer=words,
        text_encoder=text_encoder(768, words), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sdxl():
    """An SDXL pipeline: its text encoders are 768 and 1280 wide."""
    first, second = tokenizer(), tokenizer()
    added = {"addition_embed_type": "text_time", "addition_time_embed_dim": 4}
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(), scheduler=scheduler(), tokenizer=first, tokenizer_2=second,
        unet=unet(768 + 1280, projection_class_embeddings_input_dim=16 + 6 * 4, **added),
        text_encoder=text_encoder(768, first), text_encoder_2=text_encoder(1280, second, projects=True),
        add_watermarker=False,
    )  # fmt: skip


def encoders(rows, *names):
    return [Encoder(name, vectors(rows, WIDTHS[name], seed=rows), "F32") for name in names]


def expected(encoder, dtype):
    """The numbers that a file holds, in the text encoder's precision."""
    return encoder.vectors.astype(dtype).astype(np.float32)


def assert_learned(pipe, word, wanted, tokenizer, text_encoder):
    """The prompt's word becomes one token for each vector, and these tokens' rows are the vectors."""
    prompt = pipe.maybe_convert_prompt(f"a {word}", tokenizer)
    begin, letter, *ids, end = tokenizer(prompt).input_ids
    assert (begin, letter, end) == tuple(tokenizer.convert_tokens_to_ids(["<|startoftext|>", "a</w>", "<|endoftext|>"]))
    names = [word, *(f"{word}_{index}" for index in range(1, len(wanted)))]
    assert tokenizer.convert_ids_to_tokens(ids) == names
    rows = text_encoder.get_input_embeddings().weight.detach().numpy()[ids]
    assert rows.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("target", [Target.DIFFUSERS, Target.DIFFUSERS_BIN])
def test_a_file_for_diffusers_teaches_its_word(sd, tmp_path, target, rows, dtype):
    word, (encoder,) = f"<{target}-{rows}-{dtype}>", encoders(rows, "emb_params")
    (file,) = write(target, [encoder], token=word, name="koi", dtype=dtype)
    (tmp_path / file.filename).write_bytes(file.data)
    sd.load_textual_inversion(str(tmp_path))  # the folder: diffusers looks for the file's name itself
    assert_learned(sd, word, expected(encoder, dtype), sd.tokenizer, sd.text_encoder)


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(
    "target", [Target.CANONICAL, Target.A1111, Target.COMFYUI, Target.INVOKEAI, Target.KOHYA, Target.SDCPP]
)
def test_any_safetensors_file_of_one_text_encoder_loads_with_a_token(sd, tmp_path, target, rows, dtype):
    word, (encoder,) = f"<{target}-{rows}-{dtype}>", encoders(rows, "emb_params")
    (file,) = write(target, [encoder], token="<other>", name="koi", dtype=dtype)
    path = tmp_path / file.filename
    path.write_bytes(file.data)
    sd.load_textual_inversion(str(path), token=word)
    assert_learned(sd, word, expected(encoder, dtype), sd.tokenizer, sd.text_encoder)


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", ROWS)
def test_a_file_of_a1111_teaches_the_name_that_is_in_it(sd, tmp_path, rows, dtype):
    word, (encoder,) = f"a1111-{rows}-{dtype}", encoders(rows, "emb_params")
    (file,) = write(Target.A1111_PT, [encoder], token="<other>", name=word, dtype=dtype)
    path = tmp_path / file.filename
    path.write_bytes(file.data)
    sd.load_textual_inversion(str(path))
    assert_learned(sd, word, expected(encoder, dtype), sd.tokenizer, sd.text_encoder)


def load_both(pipe, first, second, **options):
    """The two calls that diffusers documents for SDXL."""
    pipe.load_textual_inversion(first, text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer, **options)
    pipe.load_textual_inversion(second, text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2, **options)


def assert_both_learned(pipe, word, embedding, dtype):
    small, large = embedding
    assert_learned(pipe, word, expected(small, dtype), pipe.tokenizer, pipe.text_encoder)
    assert_learned(pipe, word, expected(large, dtype), pipe.tokenizer_2, pipe.text_encoder_2)


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("target", [Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.DIFFUSERS_SDXL])
def test_both_files_for_sdxl_teach_their_text_encoder(sdxl, tmp_path, target, rows, dtype):
    word, embedding = f"<{target}-{rows}-{dtype}>", encoders(rows, "clip_l", "clip_g")
    files = write(target, embedding, token=word, name="koi", dtype=dtype)
    for file in files:
        (tmp_path / file.filename).write_bytes(file.data)
    if target == Target.DIFFUSERS_SDXL:
        with zipfile.ZipFile(io.BytesIO(files[0].data)) as archive:
            archive.extractall(tmp_path)
    end = "bin" if target == Target.DIFFUSERS_BIN else "safetensors"
    load_both(sdxl, *(str(tmp_path / f"{learned}.{end}") for learned in ("learned_embeds", "learned_embeds_2")))
    assert_both_learned(sdxl, word, embedding, dtype)


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", ROWS)
def test_the_two_tensors_of_the_canonical_file_load_into_sdxl(sdxl, rows, dtype):
    library = pytest.importorskip("safetensors.torch", reason="the safetensors library is not installed")
    word, embedding = f"<canonical-{rows}-{dtype}>", encoders(rows, "clip_l", "clip_g")
    (file,) = write(Target.CANONICAL, embedding, token="<other>", name="koi", dtype=dtype)
    state = library.load(file.data)
    load_both(sdxl, state["clip_l"], state["clip_g"], token=word)
    assert_both_learned(sdxl, word, embedding, dtype)


def test_what_was_learned_changes_the_picture(sd, tmp_path):
    """The rows are used: a pipeline that ignored them would draw the same picture for the word and without it."""
    (file,) = write(Target.DIFFUSERS, encoders(3, "emb_params"), token="<drawn>", name="koi")
    (tmp_path / file.filename).write_bytes(file.data)
    sd.load_textual_inversion(str(tmp_path))
    sd.set_progress_bar_config(disable=True)

    def draw(prompt):
        generator = torch.Generator().manual_seed(0)
        picture = sd(prompt, num_inference_steps=1, generator=generator, output_type="latent").images
        return sha256(picture.numpy().tobytes())

    assert draw("a <drawn>") == draw("a <drawn>") != draw("a b")


@pytest.fixture(scope="module")
def pocket():
    """A text encoder of the pocket model's width, with diffusers' loader and nothing else."""
    from diffusers.loaders import TextualInversionLoaderMixin

    class Pipeline(diffusers.DiffusionPipeline, TextualInversionLoaderMixin):
        def __init__(self, tokenizer, text_encoder):
            super().__init__()
            self.register_modules(tokenizer=tokenizer, text_encoder=text_encoder)

    words = tokenizer()
    return Pipeline(words, text_encoder(128, words))


@pytest.mark.parametrize("target", [target for target in Target if target != Target.DIFFUSERS_SDXL])
def test_every_file_for_the_pocket_model_loads(pocket, tmp_path, target):
    word, encoder = f"koi-{target.value}", Encoder("emb_params", vectors(2, 128), "F32")
    (file,) = write(target, [encoder], token=word, name=word)
    path = tmp_path / file.filename
    path.write_bytes(file.data)
    carries_its_word = target in (Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.A1111_PT)
    pocket.load_textual_inversion(str(path), **({} if carries_its_word else {"token": word}))
    assert_learned(pocket, word, encoder.vectors, pocket.tokenizer, pocket.text_encoder)
