// Makes a database of a file with documents. It runs beside the page, which goes on painting.

import { importDocuments, type SourceFormat } from '../src/entries/interchange.ts'
import { open } from '../src/entries/main.ts'

export interface ImportRequest {
  readonly name: string
  readonly format: SourceFormat
  readonly file: Blob
}

export type ImportAnswer =
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly notes: readonly string[] }
  | { readonly read: number; readonly written: number }
  | { readonly error: { readonly message: string; readonly hint: string | undefined } }

const scope = globalThis as unknown as DedicatedWorkerGlobalScope
const answer = (message: ImportAnswer, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer)

scope.addEventListener('message', event => {
  void make(event.data as ImportRequest)
})

async function make({ name, format, file }: ImportRequest): Promise<void> {
  try {
    const db = await open(':memory:')
    db.exec("CREATE VIRTUAL TABLE docs USING vec(doc_id, text='content')")
    const { notes } = await importDocuments(db, {
      table: 'docs',
      source: { name, bytes: bytesOf(file) },
      format,
      onProgress: ({ done: read, written }) => answer({ read, written }),
    })
    const bytes = db.serialize() as Uint8Array<ArrayBuffer>
    answer({ bytes, notes }, [bytes.buffer])
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string }
    answer({ error: { message, hint } })
  }
}

async function* bytesOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}
