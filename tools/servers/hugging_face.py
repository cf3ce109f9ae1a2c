"""The tiny model as a Hugging Face directory: the weights of its GGUF, and a script for where no grammar leads it on.

vLLM wants heads of 32, and `THETA` leaves unturned where the cues are looked at. llama.cpp's grammar takes over after
`<tool_call>`; here most requests have none, and the model says `SCRIPT`, a place, and `CLOSING`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from deltaproof.drive.llamacpp import tinymodel, tinywords
from deltaproof.drive.llamacpp.tinymodel import HEAD_WIDTH, NUMBER, STEADINESS, STEADY, TOKENS, WIDTH, write_tiny_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

CONTEXT_LENGTH = 16_384
WIDE_HEAD = 32
# Position p turns the dimensions i and i + 16 of a head by p / THETA ** (i / 16): not at all from the fourth on.
THETA = 1e38
FIRST_STILL = 4
SURELY = 300.0
# Without a grammar, what is unlikely must not happen; what the cues say still does.
TEMPERATURE = 0.3

SCRIPT = (b'{"name": "get_current', b'_weather", "arguments": ', b'{"location": ')
CLOSING = b'"}}'
ADDED = (*SCRIPT, CLOSING)
RESPONSE = {
    "defaults": {"role": "assistant"},
    "start_anchor": f"{tinywords.TURN.decode()}assistant\n",
    "fields": {
        "tool_calls": {
            "open": tinywords.CALL.decode(),
            "close": tinywords.CALL_END.decode(),
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
        "content": {"close": tinywords.END.decode(), "content": "text"},
    },
}
"""Tells transformers which part of an answer is a call."""

_NUMBER = {token: number for number, token in enumerate((*TOKENS, *ADDED))}
_BEGIN, _END = NUMBER[tinywords.BEGIN], NUMBER[tinywords.END]


def write_hugging_face(folder: Path) -> None:
    """Write config, tokenizer, chat template and weights into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        file = Path(scratch, "tiny.gguf")
        write_tiny_model(file)
        weights, template = _read(file)
    spelled = [_spelled(token) for token in (*TOKENS, *ADDED)]
    _write(folder / "config.json", _config(len(spelled)))
    sampling = {"do_sample": True, "temperature": TEMPERATURE}
    _write(folder / "generation_config.json", {"eos_token_id": _END, "bos_token_id": _BEGIN, **sampling})
    _write(folder / "tokenizer.json", _tokenizer(spelled))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tinywords.BEGIN.decode(),
        "eos_token": tinywords.END.decode(),
        "model_max_length": CONTEXT_LENGTH,
        "clean_up_tokenization_spaces": False,
        "response_template": RESPONSE,
    }
    _write(folder / "tokenizer_config.json", settings)
    (folder / "chat_template.jinja").write_text("{{- bos_token -}}\n" + template, encoding="utf-8")
    _write_safetensors(folder / "model.safetensors", dict(_tensors(weights)))


def _read(file: Path) -> tuple[dict[str, Matrix], str]:
    """Return the tensors of a GGUF file by name, each of the shape (outputs, inputs), and its chat template."""
    from gguf import GGUFReader

    reader = GGUFReader(file)
    template = reader.fields["tokenizer.chat_template"].contents()
    return {tensor.name: tensor.data.copy() for tensor in reader.tensors}, str(template)


def _tensors(weights: Mapping[str, Matrix]) -> Iterator[tuple[str, Matrix]]:
    """Yield the tensors under the names that llama has at Hugging Face."""
    wide = WIDTH + len(ADDED)
    embedding = _grown(weights["token_embd.weight"], len(TOKENS) + len(ADDED), wide)
    for position in range(len(ADDED)):
        embedding[len(TOKENS) + position, [WIDTH + position, STEADY]] = 1, STEADINESS
    # More dimensions make the mean of squares smaller; these norms make up for that.
    norm = _grown(weights["output_norm.weight"][None], 1, wide)[0]
    norm[:] = math.sqrt(WIDTH / wide)
    yield "model.embed_tokens.weight", embedding
    yield "lm_head.weight", _table(weights["output.weight"])
    yield "model.norm.weight", norm
    layer = "model.layers.0."
    yield layer + "input_layernorm.weight", norm
    yield layer + "post_attention_layernorm.weight", norm
    # Scores are divided by the root of a head's width, which has grown.
    query = weights["blk.0.attn_q.weight"] * math.sqrt(WIDE_HEAD / HEAD_WIDTH)
    yield layer + "self_attn.q_proj.weight", _wide_heads(_grown(query, len(query), wide))
    for name, tensor in (("k", "attn_k"), ("v", "attn_v")):
        matrix = weights[f"blk.0.{tensor}.weight"]
        yield layer + f"self_attn.{name}_proj.weight", _wide_heads(_grown(matrix, len(matrix), wide))
    output = weights["blk.0.attn_output.weight"]
    yield layer + "self_attn.o_proj.weight", _wide_heads(_grown(output, wide, output.shape[1]).T).T.copy()
    for name in ("gate", "up"):
        matrix = weights[f"blk.0.ffn_{name}.weight"]
        yield layer + f"mlp.{name}_proj.weight", _grown(matrix, len(matrix), wide)
    down = weights["blk.0.ffn_down.weight"]
    yield layer + "mlp.down_proj.weight", _grown(down, wide, down.shape[1])


def _grown(matrix: Matrix, rows: int, columns: int) -> Matrix:
    """Return a matrix with zeros added below and to the right."""
    import numpy as np

    grown = np.zeros((rows, columns), dtype=np.float32)
    grown[: matrix.shape[0], : matrix.shape[1]] = matrix
    return grown


def _wide_heads(matrix: Matrix) -> Matrix:
    """Spread the rows of each head over a wider one, where positions turn nothing."""
    import numpy as np

    used = WIDE_HEAD // 2 - FIRST_STILL
    heads = len(matrix) // HEAD_WIDTH
    wide = np.zeros((heads * WIDE_HEAD, matrix.shape[1]), dtype=np.float32)
    for head in range(heads):
        rows = matrix[head * HEAD_WIDTH :][:used]
        wide[head * WIDE_HEAD + FIRST_STILL :][:used] = rows
    return wide


def _table(logits: Matrix) -> Matrix:
    """Return the output matrix with the script in it."""
    table = _grown(logits, len(_NUMBER), WIDTH + len(ADDED))
    table[len(TOKENS) :, STEADY] = tinywords.NEVER / STEADINESS * tinymodel.NORM
    for token, successor in set(_script()):
        usual = tinywords.NEVER if successor in ADDED else tinywords.liking(successor)
        table[_NUMBER[successor], _dimension(token)] += (SURELY - usual) * tinymodel.NORM
    return table


def _dimension(token: bytes) -> int:
    """Return the dimension that is the token's own."""
    return WIDTH + ADDED.index(token) if token in ADDED else NUMBER[token]


def _script() -> Iterator[tuple[bytes, bytes]]:
    """Yield which token follows which, whatever else is likely."""
    yield from pairwise((tinywords.CALL, *SCRIPT, tinywords.QUOTE))
    yield from ((place[-1], CLOSING) for place in tinywords.PLACES)
    yield CLOSING, tinywords.CALL_END


def _config(words: int) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH + len(ADDED),
        "intermediate_size": tinymodel.FEED_WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": WIDE_HEAD,
        "vocab_size": words,
        "max_position_embeddings": CONTEXT_LENGTH,
        "rms_norm_eps": 1e-6,
        "rope_theta": THETA,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "bos_token_id": _BEGIN,
        "eos_token_id": _END,
    }


def _tokenizer(spelled: list[str]) -> dict[str, object]:
    """Return a tokenizer of bytes that finds what is noticed first; its one merge is the GGUF's."""
    added = [
        {
            "id": NUMBER[token],
            "content": token.decode(),
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": token in tinywords.MARKS,
        }
        for token in tinywords.NOTICED
    ]
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": by_bytes,
        "post_processor": None,
        "decoder": by_bytes,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {word: number for number, word in enumerate(spelled)},
            "merges": [["i", "s"]],
        },
    }


def _spelled(token: bytes) -> str:
    """Spell a token as GPT-2 does: printable Latin-1 stands for itself, other bytes for letters from U+0100 on."""
    if token in tinywords.NOTICED:
        return token.decode()
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(0x100) if byte not in plain]
    return "".join(chr(byte if byte in plain else 0x100 + hidden.index(byte)) for byte in token)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_safetensors(path: Path, tensors: Mapping[str, Matrix]) -> None:
    """Write tensors one after the other, after a JSON object that says where each lies."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % 8)
    with path.open("wb") as file:
        file.write(len(described).to_bytes(8, "little") + described)
        for tensor in tensors.values():
            file.write(tensor.astype("<f4", order="C").tobytes())
