import { randomUUID } from 'node:crypto'
import { VecError } from '../core/errors.ts'
import {
  bytesOfVector,
  readVectorOrBytes,
  type EmbeddingBytes,
  type VectorInput,
} from '../core/read-vector.ts'
import { integerIn, oneOf, optionalTextIn } from './answer.ts'
import { refuseTriggers } from './capture.ts'
import { checkKey, dropThrough, takeNumbers } from './datasets.ts'
import type { SyncDocument } from './document.ts'
import { Source } from './source.ts'
import { SHADOW_TABLE } from './sync-names.ts'
import type { UpstreamSession } from './upstream-session.ts'
import type { Upstream } from './upstream.ts'
import { writeTransaction } from './write-transaction.ts'

export interface WriterOptions {
  readonly upstream: Upstream
  readonly shadowTable?: string
  readonly prefix?: string
  /** The maximum number of attempts after a deadlock or a lost connection; 10 by default. */
  readonly attempts?: number
}

export interface DocumentInput {
  readonly id: string
  readonly content?: string | null
  readonly meta?: string | null
  /** The vector, or its bytes as a BLOB stores them. */
  readonly embedding?: VectorInput | EmbeddingBytes | null
  readonly embeddingModel?: string | null
  readonly archived?: number
}

export interface WriteBatch {
  upsert(document: DocumentInput): void
  delete(id: string): void
}

export interface WriteResult {
  /** The dataset's last change after this transaction: the number to wait for on a replica. */
  readonly scn: bigint
  /** Whether the request had already been carried out. */
  readonly replayed: boolean
}

/**
 * Creates a writer of documents and their log entries, for an upstream without triggers.
 *
 *     const writer = createWriter({ upstream })
 *     await writer.tx('docs', batch => batch.upsert({ id: 'a', embedding: [1, 0] })) // { scn: 1n, replayed: false }
 */
export function createWriter(options: WriterOptions): Writer {
  return new Writer(options)
}

/**
 * Writes documents and their log entries, for databases that do not support or permit triggers. A transaction belongs
 * to one dataset, and takes effect entirely or not at all. With a `requestId`, a repeated call takes effect only
 * once.
 */
export class Writer {
  readonly #source: Source
  readonly #attempts: number
  #checked = false

  constructor(options: WriterOptions) {
    const { upstream, shadowTable = SHADOW_TABLE, prefix, attempts = 10 } = options
    this.#source = new Source(upstream, shadowTable, { prefix })
    this.#attempts = attempts
  }

  async tx(
    datasetId: string,
    fill: (batch: WriteBatch) => void | Promise<void>,
    options: { readonly requestId?: string } = {},
  ): Promise<WriteResult> {
    checkKey(datasetId, 'dataset')
    const requestId = options.requestId ?? randomUUID()
    checkKey(requestId, 'request id')
    const changes = new Map<string, SyncDocument | undefined>()
    // Collected first: no slow step may run while the counter is locked.
    await fill({
      upsert: document => {
        checkKey(document.id, 'document id')
        changes.set(document.id, completed(document))
      },
      delete: id => {
        checkKey(id, 'document id')
        changes.set(id, undefined)
      },
    })
    await this.#check()
    await this.#checkSizes(changes)
    return writeTransaction(this.#source, this.#attempts, session =>
      this.#write(session, datasetId, requestId, changes),
    )
  }

  async dropDataset(datasetId: string): Promise<void> {
    await this.#check()
    await dropThrough(this.#source, datasetId)
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  async #write(
    session: UpstreamSession,
    datasetId: string,
    requestId: string,
    changes: ReadonlyMap<string, SyncDocument | undefined>,
  ): Promise<WriteResult> {
    const { writing } = this.#source.sql
    if ((await session.run(writing.insertRequest, [requestId, datasetId])) === 0) {
      const known = oneOf(await session.rows(writing.findRequest, [requestId]))
      if (optionalTextIn(known, 'dataset_id') !== datasetId) {
        throw new VecError(
          'SYNC_UPSTREAM',
          `request ${requestId} was already used for dataset ${JSON.stringify(known['dataset_id'])}`,
        )
      }
      return { scn: integerIn(known, 'last_scn'), replayed: true }
    }
    const [dataset] = await session.rows(writing.lockDataset, [datasetId])
    if (dataset === undefined || dataset['deleted'] === '1') {
      throw new VecError('SYNC_UPSTREAM', `there is no dataset ${JSON.stringify(datasetId)}`, {
        hint: 'create it with createDataset',
      })
    }
    // All writers use one order, so transactions may wait for each other but never in a cycle.
    const logged: [string, SyncDocument | undefined][] = []
    for (const [id, document] of [...changes].toSorted(byId)) {
      if (document !== undefined) {
        const { content, meta, embedding, embeddingModel, archived } = document
        await session.run(writing.upsertDocument, [
          datasetId,
          id,
          content,
          meta,
          embedding,
          embeddingModel,
          archived,
        ])
        logged.push([id, document])
      } else if ((await session.run(writing.deleteDocument, [datasetId, id])) > 0) {
        logged.push([id, undefined])
      }
    }
    let scn: bigint
    if (logged.length === 0) {
      const [row] = await session.rows(writing.readCounter, [datasetId])
      scn = row === undefined ? 0n : integerIn(row, 'last_scn')
    } else {
      scn = await takeNumbers(this.#source, session, datasetId, logged.length)
      await this.#log(session, datasetId, scn - BigInt(logged.length) + 1n, logged)
    }
    await session.run(writing.finishRequest, [scn, requestId])
    return { scn, replayed: false }
  }

  async #log(
    session: UpstreamSession,
    datasetId: string,
    first: bigint,
    logged: readonly [string, SyncDocument | undefined][],
  ): Promise<void> {
    const { writing } = this.#source.sql
    const most = Math.min((await this.#source.upstream.packetBytes(session)) / 4, 16 * 1024 * 1024)
    let values: (string | bigint)[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      if (values.length > 0) await session.run(writing.insertLog(values.length / 5), values)
      values = []
      bytes = 0
    }
    for (const [i, [id, document]] of logged.entries()) {
      const scn = first + BigInt(i)
      const payload = document === undefined ? '{}' : payloadOf(datasetId, scn, document, most)
      const size = Buffer.byteLength(payload) + 512
      if (bytes + size > most || values.length >= 2500) await flush()
      values.push(datasetId, scn, document === undefined ? 'delete' : 'update', id, payload)
      bytes += size
    }
    await flush()
  }

  /**
   * A server closes the connection in the middle of a statement that is too long. This check reports it first, with
   * what to change.
   */
  async #checkSizes(changes: ReadonlyMap<string, SyncDocument | undefined>): Promise<void> {
    const { upstream } = this.#source
    if (upstream.packetIsLimit !== true) return
    for (const [id, document] of changes) {
      const bytes = document === undefined ? 0 : leastBytes(document)
      if (bytes < SMALL) continue
      const most = await this.#source.use(session => upstream.packetBytes(session))
      if (bytes <= most) continue
      throw new VecError(
        'SYNC_UPSTREAM',
        `document ${JSON.stringify(id)} takes ${bytes} bytes in a statement, but ${upstream.description} accepts ${most} (max_allowed_packet)`,
        { hint: 'split the document, or raise max_allowed_packet' },
      )
    }
  }

  async #check(): Promise<void> {
    if (this.#checked) return
    await this.#source.use(session => refuseTriggers(this.#source, session))
    this.#checked = true
  }
}

/** Documents smaller than this are not worth a query to the server. */
const SMALL = 256 * 1024

/** The size of a document in a statement, without the surrounding SQL: text with its escapes, bytes as hex digits. */
function leastBytes({ content, meta, embedding }: SyncDocument): number {
  return escapedBytes(content ?? '') + escapedBytes(meta ?? '') + 2 * (embedding?.length ?? 0)
}

function escapedBytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  // Escapes at most double the length of text.
  if (2 * bytes < SMALL) return bytes
  return bytes + (text.match(/[\0\b\t\n\r"'\\]/g)?.length ?? 0)
}

const byId = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0

/** A payload that would fill a packet only refers to the row. */
function payloadOf(datasetId: string, scn: bigint, document: SyncDocument, most: number): string {
  const { id, content, meta, embedding, embeddingModel, archived } = document
  const size = 2 * (embedding?.length ?? 0) + 6 * ((content?.length ?? 0) + (meta?.length ?? 0))
  if (size > most) return '{"ref":1}'
  const hex =
    embedding === null
      ? 'null'
      : `"${Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('hex')}"`
  return `{"dataset_id":${JSON.stringify(datasetId)},"id":${JSON.stringify(id)},"content":${JSON.stringify(content)},"meta":${JSON.stringify(meta)},"embedding":${hex},"embedding_model":${JSON.stringify(embeddingModel)},"scn":${scn},"archived":${archived}}`
}

function completed(input: DocumentInput): SyncDocument {
  const { id, content = null, meta = null, embedding = null, embeddingModel = null } = input
  const bytes =
    embedding === null
      ? null
      : bytesOfVector(readVectorOrBytes(embedding, 'upsert()', `the embedding of document '${id}'`))
  return { id, content, meta, embedding: bytes, embeddingModel, archived: input.archived ?? 0 }
}
