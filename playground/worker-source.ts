import { deleteDatabase, listDatabases } from 'sqlite-vec-ts/browser'
import { connect, type AsyncDatabase } from 'sqlite-vec-ts/worker'
import type { MethodName, Methods, Source } from '../src/ui/contract.ts'
import { answered } from '../src/ui/source-error.ts'
import { PageEmbedder } from './page-embedder.ts'

/** A page reads all of a file several times, and a browser reads its storage slowly. */
const CACHE_BYTES = 2 ** 28
const ASK = 'SELECT svec_ui(?, ?)'

/** A database in the storage of this browser, behind a worker. Several tabs may have it open. */
export class WorkerSource implements Source {
  readonly name: string
  readonly writable = true
  readonly embedder: PageEmbedder | undefined
  readonly #db: AsyncDatabase

  private constructor(name: string, db: AsyncDatabase, embedder: PageEmbedder | undefined) {
    this.name = name
    this.embedder = embedder
    this.#db = db
  }

  /** Opens a stored database. */
  static async open(name: string, create = false): Promise<WorkerSource> {
    const options = { create, cacheSize: CACHE_BYTES, worker: startWorker }
    return new WorkerSource(
      name,
      ...(await Promise.all([connect(name, options), PageEmbedder.open()])),
    )
  }

  /** Stores a database under a name that is not taken, fills it, and opens it. */
  static async create(
    wanted: string,
    fill: (db: AsyncDatabase) => Promise<unknown>,
  ): Promise<WorkerSource> {
    const name = await freeName(wanted)
    const source = await WorkerSource.open(name, true)
    try {
      await fill(source.#db)
      return source
    } catch (error) {
      await source.close()
      await deleteDatabase(name)
      throw error
    }
  }

  /** Has a database stored under a name that is not taken, and opens it. */
  static async store(
    wanted: string,
    store: (name: string) => Promise<void>,
  ): Promise<WorkerSource> {
    const name = await freeName(wanted)
    await store(name)
    let source: WorkerSource | undefined
    try {
      source = await WorkerSource.open(name)
      // Reads the schema: what only begins like a database is not kept.
      await source.#db.get('SELECT count(*) FROM sqlite_schema')
      return source
    } catch (error) {
      await source?.close()
      await deleteDatabase(name)
      throw error
    }
  }

  async call<N extends MethodName>(
    method: N,
    ...values: Parameters<Methods[N]>
  ): Promise<ReturnType<Methods[N]>> {
    const bytes = await this.#db.get<Uint8Array>(ASK, [method, JSON.stringify(values)], {
      rows: 'values',
    })
    return answered(bytes!) as ReturnType<Methods[N]>
  }

  /** The bytes of the file. */
  async export(): Promise<Uint8Array> {
    return this.#db.export()
  }

  async close(): Promise<void> {
    await this.#db.close()
  }
}

function startWorker(): Worker {
  return new Worker(new URL('./ui-worker.js', import.meta.url), { type: 'module' })
}

/** `docs.sqlite`, `docs-2.sqlite`, ... */
async function freeName(wanted: string): Promise<string> {
  const taken = new Set(await listDatabases())
  const plain = wanted.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '') || 'file.sqlite'
  if (!taken.has(plain)) return plain
  const [, stem, extension] = /^(.*?)(\.\w+)?$/.exec(plain)!
  for (let number = 2; ; number++) {
    const name = `${stem}-${number}${extension ?? ''}`
    if (!taken.has(name)) return name
  }
}
