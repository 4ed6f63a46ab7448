/** One effect of a program on its disk, in the order in which it happened. `file` tells files apart that had the same name. */
export type DiskEvent =
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | {
      readonly kind: 'write'
      readonly file: number
      readonly at: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'sync-folder'; readonly folder: string }
  /** A transaction is about to be committed; `commit` counts from 1. */
  | { readonly kind: 'attempt'; readonly commit: number }
  /** COMMIT has returned. */
  | { readonly kind: 'acknowledge'; readonly commit: number }

/** A write or a truncation that no sync has made durable yet. */
export type DataEvent = Extract<DiskEvent, { kind: 'write' | 'truncate' }>

/** Text for a failure message: what happened, without the bytes. */
export function describeEvent(event: DiskEvent): string {
  switch (event.kind) {
    case 'create':
      return `create ${event.path} (file ${event.file})`
    case 'write':
      return `write ${event.bytes.length} at ${event.at} of file ${event.file}`
    case 'truncate':
      return `truncate file ${event.file} to ${event.size}`
    case 'sync':
      return `sync file ${event.file}`
    case 'unlink':
      return `unlink ${event.path}`
    case 'sync-folder':
      return `sync folder ${event.folder}`
    case 'attempt':
    case 'acknowledge':
      return `${event.kind} ${event.commit}`
  }
}
