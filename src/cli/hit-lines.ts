import { visible } from '../core/visible.ts'
import { columns } from './columns.ts'
import type { Output } from './output.ts'

/** A document that was found. */
export interface Hit {
  readonly dataset: string
  readonly id: string
  readonly score: number
  /** null: the query has words. */
  readonly distance: number | null
  readonly content: string | null
  readonly meta: string | null
  /** Of a query by vector and by words: the places in both rankings. */
  readonly vectorRank?: number | null
  readonly textRank?: number | null
  /** With --group-by: the value of the field. */
  readonly group?: unknown
}

/** For eyes on a terminal, columns cut to its width; for programs, tabs and nothing cut. */
export function hitLines(hits: readonly Hit[], output: Output, withDataset: boolean): string[] {
  if (!output.isTTY) {
    return hits.map(({ score, dataset, id, content }) =>
      [String(score), dataset, id, content ?? ''].map(oneLine).join('\t'),
    )
  }
  if (hits.length === 0) return []
  const rows = hits.map(({ score, dataset, id, content }) => [
    score.toFixed(4),
    // Shown before widths are counted.
    ...(withDataset ? [visible(oneLine(dataset))] : []),
    visible(oneLine(id)),
    visible(oneLine(content ?? '')),
  ])
  const head = ['score', ...(withDataset ? ['dataset'] : []), 'id', 'content']
  return columns(head, rows, { widest: MAX_WIDTH, width: output.columns, leftAligned: true })
}

const MAX_WIDTH = 40

/** A tab or a line end inside a text would look like one between two. */
function oneLine(text: string): string {
  return text.replaceAll(/[\t\r\n]+/g, ' ')
}
