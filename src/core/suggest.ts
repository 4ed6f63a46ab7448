/** The known word with the fewest edits from the typed one; undefined when none is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  let best: string | undefined
  let fewest = Math.max(2, Math.ceil(word.length / 2)) + 1
  for (const candidate of known) {
    const name = candidate.toLowerCase()
    // A word that begins like this is a better guess than another of that length.
    const begun = lower.length >= 2 && name.startsWith(lower)
    const edits = begun ? Math.min(1, name.length - lower.length) : editDistance(lower, name)
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** ": did you mean dataset?", or an empty text when no known word is near. `quote` surrounds the word. */
export function didYouMean(word: string, known: readonly string[], quote: '' | "'" = ''): string {
  const best = nearest(word, known)
  return best === undefined ? '' : `: did you mean ${quote}${best}${quote}?`
}

/** Levenshtein distance, one row of the matrix at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[b.length]
}
