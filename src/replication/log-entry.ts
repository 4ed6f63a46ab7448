export type LogOp = 'insert' | 'update' | 'delete' | 'drop'

/** The position and size of an entry, read before its payload. */
export interface EntryHead {
  readonly scn: bigint
  readonly op: string
  readonly documentId: string
  readonly size: number
  /** Microseconds since 1970 by the upstream's clock; 0 if the log does not store it. */
  readonly createdUs: bigint
  /** Why the entry cannot be applied, known before its payload is read. */
  readonly flaw?: string
}

/** One entry of the log. `payload` is undefined for an entry that needs none. */
export interface LogEntry extends EntryHead {
  readonly datasetId: string
  readonly shadowTable: string
  readonly payload: Uint8Array | string | undefined
}

/** Identifies an entry in history: another log with the same number has another fingerprint. */
export function fingerprint(entry: EntryHead): string {
  return `${entry.scn}|${entry.op}|${entry.documentId}|${entry.size}|${entry.createdUs}`
}
