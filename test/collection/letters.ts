import { open, type Connection } from '../../src/entries/main.ts'
import { Collection, type EmbedFunc } from '../../src/entries/vecutil.ts'

/** Counts of letters: a model whose vectors a test can foresee. */
const lettersOf = (text: string, letters = 'abc'): number[] =>
  Array.from(letters, letter => text.split(letter).length - 1)

export const embedLetters =
  (letters = 'abc'): EmbedFunc =>
  async texts =>
    texts.map(text => lettersOf(text, letters))

/** A table in memory, and a collection over it. */
export async function lettersCollection<M = unknown>(
  declaration = 'doc_id',
): Promise<{ db: Connection; docs: Collection<M> }> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(${declaration})`)
  const options = { table: 'docs', dataset: 'd', embed: embedLetters(), model: 'letters' }
  return { db, docs: new Collection<M>(db, options) }
}
