"""Every limit of the readers, with its unit and its reason."""

from __future__ import annotations

#: Bytes of a file. The largest real embeddings have a few hundred KB; a LoRA or checkpoint is far beyond.
MAX_FILE_BYTES = 16 * 1024 * 1024
#: Files of one upload: at most two belong together, with room for those that are refused by name.
MAX_FILES = 6
#: Bytes of a safetensors header. An embedding's stays under 4 KB; a LoRA's is read too, so that it can be refused by name.
MAX_HEADER_BYTES = 512 * 1024
#: Bytes of safetensors metadata, counted over names and values.
MAX_METADATA_BYTES = 16 * 1024
#: Tensors of a file that are read; the layout with most has 16.
MAX_TENSORS = 32
#: Characters of a tensor's or token's name.
MAX_NAME_CHARACTERS = 256
#: Vectors of an embedding; a prompt has room for about 75.
MAX_ROWS = 256
#: Numbers of all tensors of a file together: 256 vectors of two encoders twice as wide as the widest known.
MAX_NUMBERS = 256 * 2 * 8192
#: Bytes of a pickle stream; real ones stay under 2 KB.
MAX_PICKLE_BYTES = 256 * 1024
#: Opcodes of a pickle stream: those of a training that kept 1,000 steps.
MAX_OPCODES = 65_000
#: Objects on the pickle machine's stack, where torch puts the items of a list by the thousand; and in its memo.
MAX_STACK = 1_200
MAX_MEMO = 16_000
#: Largest whole number that is a key in a pickle: those of optimisers and tokens are small. Python hashes multiples of
#: 2**61 - 1 alike, so a dictionary of such keys takes minutes to fill.
MAX_KEY = 2**31 - 1
#: Records of a torch zip: two for each of 1,000 steps, and what torch writes beside them.
MAX_RECORDS = 2_048
#: Dimensions of a tensor; embeddings have 1 or 2, and encoder output that is mistaken for one has 3.
MAX_DIMENSIONS = 4
#: Letters of the texts that tell an owner what a file would give away, and how many of them are shown.
MAX_LEAK_CHARACTERS = 200
MAX_LEAKS = 40
#: Bytes of a sidecar in JSON; real ones have under 100.
MAX_SIDECAR_BYTES = 16 * 1024
#: Pixels along a picture's side, and in all of it: twice the area of the largest preview that carries an embedding.
MAX_IMAGE_SIDE = 4096
MAX_IMAGE_PIXELS = 2 * 1024 * 1024
#: Chunks of a picture; the file limit in pieces of 8 KB, as common writers make them, is half of it.
MAX_CHUNKS = 4096
#: Bytes of a picture's text chunk, and of what is packed in one; 75 vectors for SD 2.x take 2.2 MB.
MAX_TEXT_CHUNK_BYTES = 8 * 1024 * 1024
#: Bytes of the JSON in a picture: what is left of the largest text chunk without base64.
MAX_IMAGE_JSON_BYTES = 6 * 1024 * 1024
#: Commas of that JSON: 256 vectors of 1,024 numbers, and what stands around them.
MAX_IMAGE_JSON_NUMBERS = 256 * 1024 + 4096
#: Brackets, braces, colons and quotes of that JSON. A list, name or dictionary costs up to ten times what a number does
#: once it is read; 32 tensors of 256 vectors need under 2,000.
MAX_IMAGE_JSON_MARKS = 4096
