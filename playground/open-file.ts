import { SourceError } from '../src/ui/source-error.ts'
import { WorkerSource } from './worker-source.ts'

const MAGIC = 'SQLite format 3\0'

/** Stores a file that a person gave in this browser, as a database. */
export async function openFile(file: File): Promise<WorkerSource> {
  const start = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer())
  if (new TextDecoder('latin1').decode(start) === MAGIC) {
    const bytes = new Uint8Array(await file.arrayBuffer())
    return WorkerSource.create(file.name, async db => db.import(bytes, { transfer: true }))
  }
  throw new SourceError('UI_FILE', `${file.name} is not a SQLite file`)
}
