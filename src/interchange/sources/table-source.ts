import type { Connection } from '../../sqlite/connection.ts'
import type { DocumentSource, Extra, Portion } from '../document.ts'
import type { Place } from '../interchange-error.ts'

/** A table of a SQLite file. Closing the source closes its connection. */
export abstract class TableSource implements DocumentSource {
  abstract readonly unit: Place['unit']
  abstract readonly metric: string | undefined
  abstract readonly carries: readonly Extra[]
  abstract readonly total: number
  readonly name: string
  done = 0
  protected readonly db: Connection

  constructor(db: Connection, file: string, table: string) {
    this.db = db
    this.name = `${file}, table ${table}`
  }

  abstract documents(): AsyncIterable<Portion>

  doubt(): Error | undefined {
    return undefined
  }

  notes(): readonly string[] {
    return []
  }

  close(): void {
    this.db.close()
  }
}
