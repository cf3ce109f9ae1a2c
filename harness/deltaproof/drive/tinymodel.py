"""The tiny model's file: words dressed as a llama of one layer, in GGUF. What the model says stands in `tinywords`.

Each token is one dimension, so the output matrix is the table of what follows what, and the feed-forward part is empty.
One attention head per cue looks at all that came before, blind to distance, and writes what it finds into a dimension
of its own, from where the output matrix adds it to logits. What is legal JSON is left to the server's grammar.
"""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from deltaproof.drive import tinywords
from deltaproof.drive.tinywords import Cue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

NAME = "deltaproof-tiny"
CONTEXT_LENGTH = 65_536
SEED = 2718

TOKENS = tinywords.vocabulary()
NUMBER = {token: number for number, token in enumerate(TOKENS)}

# Dimensions: one per token, one that is the same for all tokens, one per cue, and what it takes to be divisible.
STEADY = len(TOKENS)
FIRST_CUE = STEADY + 1
HEAD_WIDTH = 32
WIDTH = math.ceil((FIRST_CUE + len(Cue)) / HEAD_WIDTH) * HEAD_WIDTH

# The steady dimension outweighs the others, so that normalising divides by nearly the same number everywhere.
STEADINESS = 32.0
NORM = math.sqrt((1 + STEADINESS**2) / WIDTH)
# What a head looks for gets e^20 times the attention of any other token: it is seen across a full context.
FOCUS = 20.0
# Rotary positions would blur what is far away; stretched this much, they turn nothing.
STRETCH = 1e9
NOISE = 0.3


def write_tiny_model(path: Path, seed: int = SEED) -> None:
    """Write the model and its chat template to `path`, about 4 MB.

    The same seed gives the same bytes; another one prefers other words where several would do.
    """
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HEAD_WIDTH)
    writer.add_block_count(1)
    writer.add_head_count(len(Cue))
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD_WIDTH)
    writer.add_value_length(HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(STRETCH)

    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([token if token in tinywords.NOTICED else _spelled(token) for token in TOKENS])
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL
            if token in tinywords.MARKS
            else gguf.TokenType.USER_DEFINED
            if token in tinywords.NOTICED
            else gguf.TokenType.NORMAL
            for token in TOKENS
        ]
    )
    writer.add_token_merges(["i s"])  # llama.cpp refuses to load none at all
    writer.add_bos_token_id(NUMBER[tinywords.BEGIN])
    writer.add_eos_token_id(NUMBER[tinywords.END])
    writer.add_add_bos_token(True)
    writer.add_chat_template(files(__package__).joinpath("chat.jinja").read_text(encoding="utf-8"))

    for name, weights in _weights(seed).items():
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _weights(seed: int) -> dict[str, Matrix]:
    """Return the tensors by their names in GGUF, each of the shape (outputs, inputs)."""
    import numpy as np

    def zeros(outputs: int, inputs: int) -> Matrix:
        return np.zeros((outputs, inputs), dtype=np.float32)

    embedding = zeros(len(TOKENS), WIDTH)
    np.fill_diagonal(embedding, 1)
    embedding[:, STEADY] = STEADINESS

    slots = {cue: slot for slot, cue in enumerate(Cue)}
    resting = len(slots)
    key, value = zeros(HEAD_WIDTH, WIDTH), zeros(HEAD_WIDTH, WIDTH)
    for token, cue in tinywords.CUES.items():
        key[slots[cue], NUMBER[token]] = value[slots[cue], NUMBER[token]] = NORM
    key[resting, NUMBER[tinywords.BEGIN]] = NORM

    query, found = zeros(len(slots) * HEAD_WIDTH, WIDTH), zeros(WIDTH, len(slots) * HEAD_WIDTH)
    for cue, slot in slots.items():
        first = slot * HEAD_WIDTH
        query[first + slot, STEADY] = FOCUS * math.sqrt(HEAD_WIDTH) * NORM / STEADINESS
        found[FIRST_CUE + slot, first + slot] = 1
    # The one head that counts shares its attention between n calls and one beginning.
    counting = slots[Cue.CALLED] * HEAD_WIDTH
    query[counting + resting, STEADY] = query[counting + slots[Cue.CALLED], STEADY]

    liking = np.array([tinywords.liking(token) for token in TOKENS], dtype=np.float32)
    logits = zeros(len(TOKENS), WIDTH)
    logits[:, :STEADY] = NOISE * np.random.default_rng(seed).standard_normal((len(TOKENS), STEADY), dtype=np.float32)
    for token, successor, logit in tinywords.successors():
        logits[NUMBER[successor], NUMBER[token]] += logit - liking[NUMBER[successor]]
    for cue, token, change in tinywords.persuasions():
        logits[NUMBER[token], FIRST_CUE + slots[cue]] = change
    logits[:, STEADY] = liking / STEADINESS

    ones = np.ones(WIDTH, dtype=np.float32)
    return {
        "token_embd.weight": embedding,
        "blk.0.attn_norm.weight": ones,
        "blk.0.attn_q.weight": query,
        "blk.0.attn_k.weight": key,
        "blk.0.attn_v.weight": value,
        "blk.0.attn_output.weight": found,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": zeros(HEAD_WIDTH, WIDTH),
        "blk.0.ffn_up.weight": zeros(HEAD_WIDTH, WIDTH),
        "blk.0.ffn_down.weight": zeros(WIDTH, HEAD_WIDTH),
        "output_norm.weight": ones,
        "output.weight": logits * np.float32(NORM),
    }


def _spelled(token: bytes) -> str:
    """Spell a token as GPT-2 does: printable Latin-1 stands for itself, other bytes for letters from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in plain}
    others = (byte for byte in range(256) if byte not in letters)
    letters |= {byte: chr(0x100 + order) for order, byte in enumerate(list(others))}
    return "".join(letters[byte] for byte in token)
