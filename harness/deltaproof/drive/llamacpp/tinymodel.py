"""The tiny model's file: words dressed as a llama of one layer, in GGUF. What the model says stands in `tinywords`.

Each token is one dimension, so the output matrix is the table of what follows what. One attention head sees which cues
stand anywhere before, another counts calls; the feed-forward part makes "hardly seen" into "sure", and the output
matrix turns that into logits. What is legal JSON is left to the server's grammar.
"""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from deltaproof.drive.llamacpp import tinywords
from deltaproof.drive.llamacpp.tinywords import Cue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

NAME = "deltaproof-tiny"
CONTEXT_LENGTH = 65_536
SEED = 2718

TOKENS = tinywords.vocabulary()
NUMBER = {token: number for number, token in enumerate(TOKENS)}

# Dimensions: one per token, one that is the same for all tokens, two per cue, and what it takes to be divisible.
STEADY = len(TOKENS)
SEEN = STEADY + 1
SURE = SEEN + len(Cue)
HEAD_WIDTH = 16
WIDTH = math.ceil((SURE + len(Cue)) / HEAD_WIDTH) * HEAD_WIDTH
FEED_WIDTH = 2 * len(Cue)
SLOT = {cue: slot for slot, cue in enumerate(Cue)}
SEEING, COUNTING = 0, HEAD_WIDTH  # where the queries of the two heads begin
RESTING = len(Cue)  # what heads look at when there is no cue: the beginning

# The steady dimension outweighs the others, so that normalising divides by nearly the same number everywhere.
STEADINESS = 32.0
NORM = math.sqrt((1 + STEADINESS**2) / WIDTH)
# A cue gets e^20 times the attention of any other token, and is seen across a full context.
FOCUS = 20.0
# One cue among this many is still surely seen.
CROWD = 200.0
# Where the two bends of a step are, compared with the soft bend of SiLU.
SHARPNESS = 20.0
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
    writer.add_feed_forward_length(FEED_WIDTH)
    writer.add_block_count(1)
    writer.add_head_count(2)
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
    writer.add_token_list([_spelled(token) for token in TOKENS])
    kinds = dict.fromkeys(tinywords.NOTICED, gguf.TokenType.USER_DEFINED)
    kinds |= dict.fromkeys(tinywords.MARKS, gguf.TokenType.CONTROL)
    writer.add_token_types([kinds.get(token, gguf.TokenType.NORMAL) for token in TOKENS])
    writer.add_token_merges(["i s"])  # llama.cpp refuses to load none at all
    writer.add_bos_token_id(NUMBER[tinywords.BEGIN])
    writer.add_eos_token_id(NUMBER[tinywords.END])
    writer.add_add_bos_token(value=True)
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

    embedding = np.zeros((len(TOKENS), WIDTH), dtype=np.float32)
    np.fill_diagonal(embedding, 1)
    embedding[:, STEADY] = STEADINESS
    ones = np.ones(WIDTH, dtype=np.float32)
    return {
        "token_embd.weight": embedding,
        "blk.0.attn_norm.weight": ones,
        **_attention(),
        "blk.0.ffn_norm.weight": ones,
        **_steps(),
        "output_norm.weight": ones,
        "output.weight": _table(seed),
    }


def _attention() -> dict[str, Matrix]:
    """Return two heads that write which share of what they look at is each cue."""
    import numpy as np

    key, query = (np.zeros((rows, WIDTH), dtype=np.float32) for rows in (HEAD_WIDTH, 2 * HEAD_WIDTH))
    for token, cue in tinywords.CUES.items():
        key[SLOT[cue], NUMBER[token]] = NORM
    value = key.copy()
    key[RESTING, NUMBER[tinywords.BEGIN]] = NORM

    seen = np.zeros((WIDTH, 2 * HEAD_WIDTH), dtype=np.float32)
    looking = FOCUS * math.sqrt(HEAD_WIDTH) * NORM / STEADINESS
    query[[SEEING + RESTING, COUNTING + RESTING], STEADY] = looking
    for cue, slot in SLOT.items():
        head = COUNTING if cue is Cue.CALLED else SEEING
        query[head + slot, STEADY] = looking
        seen[SEEN + slot, head + slot] = 1
    return {
        "blk.0.attn_q.weight": query,
        "blk.0.attn_k.weight": key,
        "blk.0.attn_v.weight": value,
        "blk.0.attn_output.weight": seen,
    }


def _steps() -> dict[str, Matrix]:
    """Return a feed-forward part that makes a share from 1 / CROWD on into 1: one ramp minus one that starts later."""
    import numpy as np

    gate, up = (np.zeros((FEED_WIDTH, WIDTH), dtype=np.float32) for _ in range(2))
    down = np.zeros((WIDTH, FEED_WIDTH), dtype=np.float32)
    for slot in SLOT.values():
        early, late = slot, slot + len(SLOT)
        gate[[early, late], SEEN + slot] = SHARPNESS * CROWD * NORM
        gate[late, STEADY] = -SHARPNESS * NORM / STEADINESS
        up[[early, late], STEADY] = NORM / STEADINESS / SHARPNESS
        down[SURE + slot, [early, late]] = 1, -1
    return {"blk.0.ffn_gate.weight": gate, "blk.0.ffn_up.weight": up, "blk.0.ffn_down.weight": down}


def _table(seed: int) -> Matrix:
    """Return the output matrix: the logit of each token (row) after each token and under each cue (column)."""
    import numpy as np

    liking = np.array([tinywords.liking(token) for token in TOKENS], dtype=np.float32)
    logits = np.zeros((len(TOKENS), WIDTH), dtype=np.float32)
    logits[:, STEADY] = liking / np.float32(STEADINESS)
    logits[:, :STEADY] = NOISE * np.random.default_rng(seed).standard_normal((len(TOKENS), STEADY), dtype=np.float32)
    for token, successor, logit in tinywords.successors():
        logits[NUMBER[successor], NUMBER[token]] += logit - liking[NUMBER[successor]]
    for cue, token, change in tinywords.persuasions():
        logits[NUMBER[token], (SEEN if cue is Cue.CALLED else SURE) + SLOT[cue]] = change
    return logits * np.float32(NORM)


def _spelled(token: bytes) -> str:
    """Spell a token as GPT-2 does: printable Latin-1 stands for itself, other bytes for letters from U+0100 on."""
    if token in tinywords.NOTICED:
        return token.decode()
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(0x100) if byte not in plain]
    return "".join(chr(byte if byte in plain else 0x100 + hidden.index(byte)) for byte in token)
