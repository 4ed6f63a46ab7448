import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { open, type Connection } from '../../src/entries/main.ts'
import {
  deleteShadowDocuments,
  upsertShadowDocuments,
  type ShadowDocument,
  type TextDocument,
} from '../../src/entries/vecutil.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { SlowModel, vectorOf, type WaitingCall } from './slow-model.ts'

interface Row {
  readonly content: string | null
  readonly meta: string | null
}

type Rows = Map<string, Row>

/** A call: what it does to the rows if it succeeds, and whether it did. */
interface Call {
  readonly apply: (rows: Rows) => void
  succeeded?: boolean
}

const ROWS =
  'SELECT id, content, meta, vec_json(embedding), embedding_model FROM _vec_docs ORDER BY id'

function merge(rows: Rows, { id, content, meta }: TextDocument): void {
  const row = rows.get(id)
  rows.set(id, {
    content: content === undefined ? (row?.content ?? null) : content,
    meta: meta === undefined ? (row?.meta ?? null) : meta,
  })
}

/** The same document with the vector that the model would have made. */
function withVector({ content, ...rest }: TextDocument): ShadowDocument {
  if (content === undefined) return rest
  if (content === null) return { ...rest, content, embedding: null, model: null }
  return { ...rest, content, embedding: vectorOf(content), model: 'm' }
}

function stored(rows: Rows): unknown[] {
  const sorted = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([id, { content, meta }]) => {
    const vector = content === null ? null : JSON.stringify(vectorOf(content))
    return [id, content, meta, vector, content === null ? null : 'm']
  })
}

/** Random calls on one table, in which embeddings come back in any order, or never. */
class Scene {
  readonly db: Connection
  readonly calls: Call[] = []
  readonly log: string[] = []
  readonly #model = new SlowModel()
  readonly #unanswered: WaitingCall[] = []
  readonly #next: () => number

  constructor(db: Connection, next: () => number) {
    this.db = db
    this.#next = next
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  }

  async step(n: number): Promise<void> {
    switch (this.#below(6)) {
      case 0:
      case 1:
        return this.#embedded(this.#documents(n))
      case 2:
        return this.#written(this.#documents(n))
      case 3:
        return this.#deleted()
      default:
        return this.answer(this.#next() < 0.2)
    }
  }

  /** One of the calls that wait gets its answer. */
  async answer(fails = false): Promise<void> {
    if (this.#unanswered.length === 0) return
    const [call] = this.#unanswered.splice(this.#below(this.#unanswered.length), 1)
    this.log.push(`${fails ? 'fail' : 'answer'} ${call.texts.join()}`)
    await (fails ? call.fail() : call.answer())
  }

  get waits(): boolean {
    return this.#unanswered.length > 0
  }

  async #embedded(documents: TextDocument[]): Promise<void> {
    this.log.push(`upsert with embed ${JSON.stringify(documents)}`)
    const call = this.#call(documents)
    const { embed, waiting } = this.#model
    const before = waiting.length
    upsertShadowDocuments(this.db, '_vec_docs', 'd', documents, { embed, model: 'm' }).then(
      () => (call.succeeded = true),
      () => (call.succeeded = false),
    )
    await setImmediate()
    if (waiting.length > before) this.#unanswered.push(waiting[before])
  }

  #written(documents: TextDocument[]): void {
    this.log.push(`upsert ${JSON.stringify(documents)}`)
    upsertShadowDocuments(this.db, '_vec_docs', 'd', documents.map(withVector))
    this.#call(documents).succeeded = true
  }

  #deleted(): void {
    const ids = ['a', 'b', 'c'].filter(() => this.#next() < 0.4)
    const undone = this.#next() < 0.3
    this.log.push(`delete ${ids.join()}${undone ? ', undone' : ''}`)
    const work = this.db.transaction(() => {
      deleteShadowDocuments(this.db, '_vec_docs', 'd', ids)
      if (undone) throw new Error('undone')
    })
    if (undone) {
      assert.throws(work, /undone/)
      return
    }
    work()
    this.calls.push({
      apply: rows => {
        for (const id of ids) rows.delete(id)
      },
      succeeded: true,
    })
  }

  #call(documents: readonly TextDocument[]): Call {
    const call: Call = {
      apply: rows => {
        for (const document of documents) merge(rows, document)
      },
    }
    this.calls.push(call)
    return call
  }

  #documents(n: number): TextDocument[] {
    return ['a', 'b', 'c'].filter(() => this.#next() < 0.5).map(id => this.#document(id, n))
  }

  #document(id: string, n: number): TextDocument {
    const content = this.#next() < 0.7 ? this.#content(n) : undefined
    const meta = this.#next() < 0.2 ? null : `meta ${n}`
    return this.#next() < 0.5 ? { id, content } : { id, content, meta }
  }

  #content(n: number): string | null {
    return [null, 'same', 'same', 'other', `${n}`, `${n}`, `${n}`][this.#below(7)]
  }

  #below(n: number): number {
    return Math.floor(this.#next() * n)
  }
}

seededTest('UPSERT_SEED')(
  'whatever comes back when, the rows are those of the calls that succeeded, one after the other',
  async (_t, seed) => {
    const next = seeded(seed)
    for (let round = 0; round < 60; round++) {
      using db = await open(':memory:')
      const scene = new Scene(db, next)
      for (let n = 0; n < 40; n++) await scene.step(n)
      while (scene.waits) await scene.answer()
      const rows: Rows = new Map()
      for (const call of scene.calls) {
        assert.notEqual(call.succeeded, undefined)
        if (call.succeeded) call.apply(rows)
      }
      assert.deepEqual(db.prepare(ROWS).raw().all(), stored(rows), scene.log.join('\n'))
    }
  },
)
