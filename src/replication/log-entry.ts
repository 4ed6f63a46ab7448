export type LogOp = 'insert' | 'update' | 'delete' | 'drop'

/** An entry's place and size, read before its payload. */
export interface EntryHead {
  readonly scn: bigint
  readonly op: string
  readonly documentId: string
  readonly size: number
  /** Microseconds since 1970 by the upstream's clock; 0 where the log does not keep it. */
  readonly createdUs: bigint
  /** Why the entry cannot be applied, known before its payload is read. */
  readonly flaw?: string
}

/** One line of the log. `payload` is undefined for an entry that needs none. */
export interface LogEntry extends EntryHead {
  readonly datasetId: string
  readonly shadowTable: string
  readonly payload: Uint8Array | string | undefined
}

/** What identifies an entry in history: another log with the same numbers has another one. */
export function fingerprint(entry: EntryHead): string {
  return `${entry.scn}|${entry.op}|${entry.documentId}|${entry.size}|${entry.createdUs}`
}
