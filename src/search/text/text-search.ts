import { idKey } from '../../core/id-key.ts'
import { keysOf, type GivenIds } from '../../core/id-list.ts'
import { compareBytes } from '../../core/id-table.ts'
import type { RowFilter } from '../schema/row-filter.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { TextSpec } from '../schema/text-spec.ts'
import type { CurrentText, TextIndex } from './text-index.ts'
import { expressionOf, frequentAbove, quoted, syntaxError, telling, wordsOf } from './text-query.ts'
import { TextRanking, type RankedDocuments } from './text-ranking.ts'
import type { TextSyntax } from './text-syntax.ts'
import { rowOf, type DocidRange, type TextTables } from './text-tables.ts'

/** A row in the result of a text search. */
export interface TextHit {
  readonly dataset: string
  readonly id: Uint8Array
  /** NaN if unknown. */
  readonly rowid: number
  /** BM25 as FTS5 computes it over all documents of the table; higher is better. */
  readonly score: number
}

export interface TextSearch {
  readonly datasets: readonly string[]
  readonly text: string
  readonly syntax: TextSyntax
  /** The number of requested rows; Infinity for all. */
  readonly limit: number
  readonly ids: GivenIds | undefined
  readonly filter: RowFilter | undefined
}

/** The result of a text search: best first, ties by id, then by dataset. */
export interface TextAnswer {
  readonly hits: readonly TextHit[]
  /** The FTS5 expression of the search; undefined if the text contains no searchable word. */
  readonly expression: string | undefined
}

/** The number of indexes to try: the file's, the same without the orphans, and the one in temp. */
const MOST_ATTEMPTS = 3
/** The number of words whose frequency is remembered. */
const MOST_WORDS = 10_000

/** Searches the texts of a vec table, as its connection's transaction sees them. */
export class TextSearcher {
  readonly index: TextIndex
  readonly #shadow: ShadowTable
  readonly #spec: TextSpec
  /** Which words are frequent, in the state identified by `#key`. */
  readonly #frequent = new Map<string, boolean>()
  #key: string | undefined

  constructor(shadow: ShadowTable, spec: TextSpec, index: TextIndex) {
    this.#shadow = shadow
    this.#spec = spec
    this.index = index
  }

  /** Call it in a snapshot. */
  search(search: TextSearch): TextAnswer {
    try {
      return this.#search(search)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.index.damaged()
      return this.#search(search)
    }
  }

  #search(search: TextSearch): TextAnswer {
    for (let attempt = 1; ; attempt++) {
      const current = this.index.current()
      const expression = this.#expression(search, current)
      if (expression === undefined || search.limit === 0) return { hits: [], expression }
      const hits = this.#hits(search, current, expression, attempt > MOST_ATTEMPTS)
      if (hits) return { hits, expression }
      // A row vanished without an entry (REPLACE through another key). It affects the scores of the others.
      this.index.vanished(current)
    }
  }

  #expression({ text, syntax }: TextSearch, current: CurrentText): string | undefined {
    if (syntax === 'fts5') return text
    const words = wordsOf(text, this.#spec.tokenizer)
    if (words.length === 0) return undefined
    const wanted =
      syntax === 'all' ? words : telling(words, word => this.#isFrequent(word, current))
    return expressionOf(wanted, syntax)
  }

  #isFrequent(word: string, { tables, documents, key }: CurrentText): boolean {
    if (key === undefined || key !== this.#key) this.#frequent.clear()
    this.#key = key
    const known = this.#frequent.get(word)
    if (known !== undefined) return known
    const few = frequentAbove(documents)
    const count = this.#shadow.first(
      `SELECT count(*) FROM (SELECT 1 FROM ${tables.fts} WHERE ${tables.match} LIMIT ?)`,
      [quoted(word), few + 1],
      row => row.number(0),
    )!
    if (this.#frequent.size >= MOST_WORDS) this.#frequent.clear()
    this.#frequent.set(word, count > few)
    return count > few
  }

  /** Undefined when a document was found without its row. */
  #hits(
    search: TextSearch,
    current: CurrentText,
    expression: string,
    lenient: boolean,
  ): TextHit[] | undefined {
    const found: TextHit[] = []
    for (const dataset of search.datasets) {
      const range = current.tables.rangeOf(dataset)
      if (!range) continue
      const whole = this.#ofDataset(search, current, expression, dataset, range, found)
      if (!whole && !lenient) return undefined
    }
    found.sort(compareHits)
    if (found.length > search.limit) found.length = search.limit
    return found
  }

  #ofDataset(
    search: TextSearch,
    { tables }: CurrentText,
    expression: string,
    dataset: string,
    range: DocidRange,
    found: TextHit[],
  ): boolean {
    const { limit, ids } = search
    const wanted = ids && keysOf(ids)
    const { rowid } = this.#shadow.refresh()
    const ranking = new TextRanking(limit, most =>
      this.#ranked(search, tables, expression, range, most),
    )
    const present = presentRows(tables, rowid, search.filter)
    const parameters = search.filter?.parameters ?? []
    let whole = true
    const begin = found.length
    for (let at = 0; found.length - begin < limit;) {
      // If few documents match a filter, the pages grow.
      const page = ranking.page(at, Math.max(limit - found.length + begin, at))
      if (page.length === 0) break
      this.#shadow.each(present, [JSON.stringify(page), ...parameters], row => {
        if (row.isNull(2)) {
          whole = false
          return
        }
        const id = row.bytes(1)
        if (wanted && !wanted.has(idKey(id))) return
        found.push({
          dataset,
          id: id.slice(),
          rowid: rowid === undefined ? NaN : row.number(2),
          score: ranking.score(at + row.number(0)),
        })
      })
      at += page.length
    }
    return whole
  }

  /** The first documents by rank. */
  #ranked(
    { syntax, text }: TextSearch,
    { fts, match }: TextTables,
    expression: string,
    range: DocidRange,
    most: number,
  ): RankedDocuments {
    const docids: number[] = []
    const scores: number[] = []
    // A plain `ORDER BY rank` makes FTS5 sort all matches together with the positions of their words, which takes half
    // as long again as keeping the best ones.
    const sql = `SELECT rowid, rank FROM ${fts} WHERE ${match} AND rowid BETWEEN ? AND ? ORDER BY +rank LIMIT ?`
    try {
      this.#shadow.each(sql, [expression, ...range, most === Infinity ? -1 : most], row => {
        docids.push(row.number(0))
        scores.push(-row.number(1))
      })
    } catch (error) {
      throw syntax === 'fts5' && codeOf(error) === 'SQLITE_ERROR' ? syntaxError(text, error) : error
    }
    return { docids, scores }
  }
}

/**
 * SQL: for the documents of a page (a JSON array of numbers) the position in the page, the id, and the rowid; NULL if
 * the row does not exist. The text index omits hidden rows, so the key is enough: its index answers without the row.
 */
function presentRows(
  { documents }: TextTables,
  rowid: string | undefined,
  filter: RowFilter | undefined,
): string {
  return `SELECT p.place, r.id, (SELECT ${rowid ?? '0'} FROM {table} WHERE ${OF_DOCUMENT})
    FROM (SELECT key AS place, value AS docid FROM json_each(?)) p CROSS JOIN ${documents} r ON r.docid = p.docid
    ${filter ? `WHERE EXISTS (SELECT 1 FROM {table} WHERE ${OF_DOCUMENT} AND (${filter.sql}))` : ''}`
}

const OF_DOCUMENT = rowOf()

function compareHits(a: TextHit, b: TextHit): number {
  return b.score - a.score || compareBytes(a.id, b.id) || (a.dataset < b.dataset ? -1 : 1)
}

function isDamage(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_CORRUPT')
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code)
}
