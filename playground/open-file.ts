import type { SourceFormat } from '../src/entries/interchange.ts'
import { SourceError } from '../src/ui/source-error.ts'
import { count } from './dom.ts'
import type { ImportAnswer, ImportRequest } from './import-worker.ts'
import { modelFolder } from './page-embedder.ts'
import { say } from './status.ts'
import { WorkerSource } from './worker-source.ts'

const MAGIC = 'SQLite format 3\0'
const GZIP = [0x1f, 0x8b]

const FORMATS: Readonly<Record<string, SourceFormat>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  npy: 'npy',
}

/** Stores a file that a person gave in this browser, as a database. */
export async function openFile(file: File): Promise<WorkerSource> {
  const start = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer())
  if (new TextDecoder('latin1').decode(start) === MAGIC)
    return WorkerSource.store(file.name, async stored =>
      imported({ name: file.name, format: 'sqlite', file, stored, model: undefined }),
    )
  const name = file.name.replace(/\.gz$/i, '')
  const format = FORMATS[/[^.]*$/.exec(name)![0].toLowerCase()]
  if (format === undefined) {
    throw new SourceError(
      'UI_FILE',
      `${file.name} is not a SQLite file, and its name does not tell another format`,
      `expected a name that ends with .${Object.keys(FORMATS).join(', .')}`,
    )
  }
  const isPacked = GZIP.every((byte, i) => start[i] === byte)
  const plain = isPacked
    ? await new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).blob()
    : file
  return WorkerSource.store(`${name.replace(/\.\w+$/, '')}.sqlite`, async stored =>
    imported({ name: file.name, format, file: plain, stored, model: modelFolder() }),
  )
}

/** Stores the documents of a file, or the database that it is. */
async function imported(request: ImportRequest): Promise<void> {
  const worker = new Worker(new URL('./import-worker.js', import.meta.url), { type: 'module' })
  try {
    await new Promise<void>((done, reject) => {
      worker.addEventListener('error', ({ message }) =>
        reject(
          new SourceError(
            'UI_FILE',
            message ?? 'the program that reads files could not be loaded',
            'reload the page',
          ),
        ),
      )
      worker.addEventListener('message', event => {
        const answer = event.data as ImportAnswer
        if ('stored' in answer) done()
        else if ('read' in answer) say(`imported ${count(answer.written)} documents`)
        else reject(new SourceError('UI_FILE', answer.error.message, answer.error.hint))
      })
      worker.postMessage(request)
    })
  } finally {
    worker.terminate()
  }
}
