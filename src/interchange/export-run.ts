import type { BindValue } from '../database/values.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { TableDescription } from '../tables/describe-table.ts'

/** Receives the pieces of an export, in order: the response of a server, stdout. */
export interface Sink {
  write(piece: string | Uint8Array): void | Promise<void>
}

/** What an export reads, and where it writes. */
export interface ExportRun {
  readonly db: Connection
  readonly table: TableDescription
  /** The SQL after FROM, with its parameters. */
  readonly from: string
  readonly parameters: readonly BindValue[]
  readonly target: Sink
  /** Called at intervals with the number of documents written so far, to check the signals and report progress. */
  readonly turn: (written: number, total?: number) => Promise<void>
}
