// Stores a file in this browser as a database. It runs beside the page, which goes on painting.

import { importDatabase } from 'sqlite-vec-ts/browser'
import { loadStaticEmbedder } from '../src/entries/embedder.ts'
import { importDocuments, type SourceFormat } from '../src/entries/interchange.ts'
import { open } from '../src/entries/main.ts'

export interface ImportRequest {
  /** The name of the file, for errors. */
  readonly name: string
  readonly format: SourceFormat | 'sqlite'
  readonly file: Blob
  /** The name of the new database. */
  readonly stored: string
  /** The folder of a static model, for documents without a vector. */
  readonly model: string | undefined
}

export type ImportAnswer =
  | { readonly stored: string }
  | { readonly read: number; readonly written: number }
  | { readonly error: { readonly message: string; readonly hint: string | undefined } }

const scope = globalThis as unknown as DedicatedWorkerGlobalScope
const answer = (message: ImportAnswer): void => scope.postMessage(message)

scope.addEventListener('message', event => {
  void store(event.data as ImportRequest)
})

async function store(request: ImportRequest): Promise<void> {
  const { format, file, stored } = request
  try {
    const bytes =
      format === 'sqlite'
        ? new Uint8Array(await file.arrayBuffer())
        : await databaseOf(request, format)
    // Written as it is: an import through an open database would write it page by page, which takes several times as long.
    await importDatabase(stored, bytes)
    answer({ stored })
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string }
    answer({ error: { message, hint } })
  }
}

/** The bytes of a database with the documents of a file. */
async function databaseOf(
  { name, file, model }: ImportRequest,
  format: SourceFormat,
): Promise<Uint8Array> {
  const embedder = model === undefined ? undefined : await loadStaticEmbedder(model)
  const db = await open(':memory:')
  db.exec("CREATE VIRTUAL TABLE docs USING vec(doc_id, text='content')")
  await importDocuments(db, {
    table: 'docs',
    source: { name, bytes: bytesOf(file) },
    format,
    embed: embedder?.embed,
    onProgress: ({ done: read, written }) => answer({ read, written }),
  })
  return db.serialize()
}

async function* bytesOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}
