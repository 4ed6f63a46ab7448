import type { BindValue } from '../database/values.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { TableDescription } from '../tables/describe-table.ts'

/** What takes the pieces of an export, in order: the response of a server, stdout. */
export interface Sink {
  write(piece: string | Uint8Array): void | Promise<void>
}

/** What an export reads, and where its pieces go. */
export interface ExportRun {
  readonly db: Connection
  readonly table: TableDescription
  /** SQL behind FROM, with its parameters. */
  readonly from: string
  readonly parameters: readonly BindValue[]
  readonly target: Sink
  /** Called with the number of documents written so far, now and then: signals are looked for, and progress is told. */
  readonly turn: (written: number, total?: number) => Promise<void>
}
