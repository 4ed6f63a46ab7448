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

/** Columns cut to the width of a terminal, or, in a pipe, complete values separated by tabs. */
export function hitLines(hits: readonly Hit[], output: Output, withDataset: boolean): string[] {
  if (!output.isTTY) {
    return hits.map(({ score, dataset, id, content }) =>
      [String(score), dataset, id, content ?? ''].map(oneLine).join('\t'),
    )
  }
  if (hits.length === 0) return []
  const rows = hits.map(({ score, dataset, id, content }) => [
    score.toFixed(4),
    // Control characters are made visible before widths are counted.
    ...(withDataset ? [visible(oneLine(dataset))] : []),
    visible(oneLine(id)),
    visible(oneLine(content ?? '')),
  ])
  const head = ['score', ...(withDataset ? ['dataset'] : []), 'id', 'content']
  return columns(head, rows, { widest: MAX_WIDTH, width: output.columns, leftAligned: true })
}

const MAX_WIDTH = 40

/** A tab or line end inside a text would look like a separator. */
function oneLine(text: string): string {
  return text.replaceAll(/[\t\r\n]+/g, ' ')
}
