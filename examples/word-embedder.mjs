// A stand-in for a model, so that the examples run anywhere: each word counts at a place of its own.
// With a real model the same examples find texts by meaning (openai-compatible.ts asks one over HTTP).

const DIMENSION = 256

/** An `EmbedFunc`: one vector for each text, always the same for the same text. */
export async function embed(texts) {
  return texts.map(text => {
    const vector = new Float32Array(DIMENSION)
    for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) vector[placeOf(word)]++
    return vector
  })
}

/** FNV-1a over the word. */
function placeOf(word) {
  let hash = 2166136261
  for (const character of word) hash = Math.imul(hash ^ character.codePointAt(0), 16777619)
  return (hash >>> 0) % DIMENSION
}
