import { VecError } from '../../core/errors.ts'
import { WaitingUpsert } from '../../documents/call-order.ts'
import { DatasetHandle } from '../../documents/collection/dataset-handle.ts'
import { declareTable } from '../../documents/collection/declare-table.ts'
import { onlyReads } from '../../documents/collection/only-reads.ts'
import { runStep } from '../../documents/collection/steps.ts'
import { adaptOf, planChecked } from '../../documents/collection/write-given.ts'
import type { PlannedWrites } from '../../documents/planned-writes.ts'
import type { Adapt } from '../../documents/write-documents.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { CollectionCall, DocumentPlace, Planned } from './collection-call.ts'

/** The maximum number of datasets that are kept. */
const MOST_DATASETS = 64

/** A write that waits for its embeddings. */
interface Waiting {
  readonly planned: PlannedWrites
  readonly call: WaitingUpsert
  readonly adapt: Adapt | undefined
}

/** Answers calls on documents, on one connection. */
export class CollectionServer {
  readonly #db: Connection
  readonly #handles = new Map<string, DatasetHandle>()
  readonly #waiting = new Map<string, Waiting>()

  constructor(db: Connection) {
    this.#db = db
  }

  answer(call: CollectionCall): unknown {
    switch (call.op) {
      case 'documents':
        return this.#steps(call)
      case 'plan':
        return this.#plan(call)
      case 'embedded':
        return this.#write(call.key, call.embeddings)
      case 'unplan':
        return this.#take(call.key) !== undefined
    }
  }

  /** Forgets the waiting writes whose keys begin so. */
  forget(beginning: string): void {
    for (const key of this.#waiting.keys()) if (key.startsWith(beginning)) this.#take(key)
  }

  #steps({ place, steps }: Extract<CollectionCall, { op: 'documents' }>): unknown[] {
    const handle = this.#handle(place)
    const runAll = (): unknown[] => steps.map(step => runStep(handle, step))
    const isRead = onlyReads(steps)
    // One read is a snapshot by itself.
    if (isRead && steps.length === 1) return runAll()
    const transaction = this.#db.transaction(runAll)
    return isRead ? transaction.deferred() : transaction.immediate()
  }

  #plan({ key, place, kind, documents }: Extract<CollectionCall, { op: 'plan' }>): Planned {
    const handle = this.#handle(place)
    const planned = planChecked(handle, { where: `${kind}()`, documents, kind }, true)
    const adapt = adaptOf(handle, kind)
    const { texts, ids } = planned
    if (texts.length === 0) return { written: planned.write([], undefined, adapt) }
    const call = new WaitingUpsert(this.#db, handle.shadow, handle.dataset, ids)
    this.#waiting.set(key, { planned, call, adapt })
    return { texts }
  }

  #write(key: string, embeddings: readonly Uint8Array[]): number {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) {
      throw new VecError(
        'VEC_LEADER',
        'the tab that had the database open went away while texts were embedded',
        { hint: 'nothing was written: call upsert() or update() again' },
      )
    }
    try {
      return waiting.planned.write(embeddings, waiting.call, waiting.adapt)
    } finally {
      this.#take(key)
    }
  }

  /** Ends a waiting write. */
  #take(key: string): Waiting | undefined {
    const waiting = this.#waiting.get(key)
    waiting?.call.end()
    this.#waiting.delete(key)
    return waiting
  }

  /** Forgets the datasets. Writes that wait for their embeddings keep theirs. */
  #release(): void {
    for (const handle of this.#handles.values()) handle.release()
    this.#handles.clear()
  }

  #handle({ table, dataset, model, declaration }: DocumentPlace): DatasetHandle {
    if (declaration !== undefined) declareTable(this.#db, table, declaration)
    const key = JSON.stringify([table, dataset, model])
    let handle = this.#handles.get(key)
    if (handle === undefined) {
      const use = { db: this.#db, close: () => undefined }
      const place = { table, dataset, declaration: undefined }
      handle = new DatasetHandle(use, place, { embed: undefined, model })
      if (this.#handles.size === MOST_DATASETS) this.#release()
      this.#handles.set(key, handle)
    }
    return handle
  }
}

/** What `serve({ collections })` takes, so that the worker answers an `AsyncCollection`. */
export function collections(db: Connection): CollectionServer {
  return new CollectionServer(db)
}
