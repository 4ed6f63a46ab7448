import { visible } from '../core/visible.ts'
import { columns } from './columns.ts'
import type { Output } from './output.ts'

/** A document that a query found. */
export interface Hit {
  readonly dataset: string
  readonly id: string
  readonly score: number
  /** Null if the query has words. */
  readonly distance: number | null
  readonly content: string | null
  readonly meta: string | null
  /** For a query by vector and words: the ranks in both rankings. */
  readonly vectorRank?: number | null
  readonly textRank?: number | null
  /** With --group-by: the value of the field. */
  readonly group?: unknown
}

/** What only some queries give, with the heading of its column in a terminal. */
const EXTRAS = [
  { name: 'vectorRank', head: 'by vector' },
  { name: 'textRank', head: 'by words' },
  { name: 'group', head: 'group' },
] as const

/** Columns cut to the width of a terminal, or, in a pipe, complete values separated by tabs. */
export function hitLines(hits: readonly Hit[], output: Output, withDataset: boolean): string[] {
  if (!output.isTTY) {
    return hits.map(({ score, dataset, id, content }) =>
      [String(score), dataset, id, content ?? ''].map(oneLine).join('\t'),
    )
  }
  if (hits.length === 0) return []
  const extras = EXTRAS.filter(({ name }) => name in hits[0])
  const rows = hits.map(({ score, dataset, id, content, ...more }) => [
    score.toFixed(4),
    ...extras.map(({ name }) => visible(oneLine(shown(more[name])))),
    // Control characters are made visible before widths are counted.
    ...(withDataset ? [visible(oneLine(dataset))] : []),
    visible(oneLine(id)),
    visible(oneLine(content ?? '')),
  ])
  const head = [
    'score',
    ...extras.map(extra => extra.head),
    ...(withDataset ? ['dataset'] : []),
    'id',
    'content',
  ]
  return columns(head, rows, { widest: MAX_WIDTH, width: output.columns, leftAligned: true })
}

const MAX_WIDTH = 40

/** A rank, or the value of a group. A document that one ranking lacks has none there. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A tab or line end inside a text would look like a separator. */
function oneLine(text: string): string {
  return text.replaceAll(/[\t\r\n]+/g, ' ')
}
