const SHOWN = 3
const KEPT = 20

/** Counts rows of one kind, and keeps the first few of their ids. */
export class RowSample {
  count = 0
  readonly ids: string[] = []

  add(id: Uint8Array): void {
    if (this.count++ < KEPT) this.ids.push(decoder.decode(id))
  }

  /** "'a', 'b', 'c' and 7 more" */
  get shown(): string {
    const shown = this.ids.slice(0, SHOWN).map(id => `'${id}'`)
    const rest = this.count - shown.length
    return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ')
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** "1 row has", "7 rows have" */
export function rowsHave(count: number): string {
  return count === 1 ? '1 row has' : `${count} rows have`
}

export function rows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}
