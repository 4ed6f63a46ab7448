import { checkStep } from '../../documents/collection/check-step.ts'
import type { GivenDocument } from '../../documents/collection/given-documents.ts'
import type { Results, Step } from '../../documents/collection/steps.ts'
import type { WriteKind } from '../../documents/collection/write-given.ts'
import type { Caller } from '../callers.ts'
import { Outgoing } from '../outgoing.ts'
import type { DocumentPlace, Planned } from './collection-call.ts'

/** Copies of vectors and other small values share blocks of this size. */
const BLOCK = 1 << 16

/** Turns texts into the bytes of their vectors. */
type EmbedTexts = (texts: readonly string[]) => Promise<readonly Uint8Array[]>

interface DocumentsWrite {
  /** Names the function in errors. */
  readonly where: string
  readonly kind: WriteKind
  readonly documents: readonly GivenDocument[]
  readonly embed: EmbedTexts
}

interface Written {
  readonly embedded: number
  readonly written: number
}

/** Sends calls on the documents of a dataset to a worker. */
export class CollectionCaller {
  readonly #caller: Caller
  readonly #place: DocumentPlace
  readonly #declaration: string | undefined
  #isDeclared = false

  constructor(caller: Caller, place: DocumentPlace, declaration?: string) {
    this.#caller = caller
    this.#place = place
    this.#declaration = declaration
  }

  /** The same dataset with another model. */
  withModel(model: string | undefined): CollectionCaller {
    return new CollectionCaller(this.#caller, { ...this.#place, model }, this.#declaration)
  }

  /**
   * Runs steps in one transaction, and returns their results. `where` names the function in errors. A function makes
   * steps that have to be awaited: the database is not closed meanwhile. All others are sent before this returns, so that
   * calls take effect in the order in which they are made.
   */
  async steps<const S extends readonly Step[]>(
    where: string,
    steps: S | (() => Promise<S>),
    signal?: AbortSignal,
  ): Promise<Results<S>> {
    return this.#caller.whole(async () => {
      const made = typeof steps === 'function' ? await this.#caller.foreign(steps) : steps
      for (const step of made) checkStep(step)
      // Copied at once: later changes by the caller must not count.
      const out = new Outgoing(where, false, BLOCK)
      const place = this.#declaring()
      const call = { op: 'documents', place, steps: argumentsOf(out, made) } as const
      const results = (await this.#caller.call(call, out, signal)) as Results<S>
      this.#isDeclared = true
      return results
    })
  }

  /** Writes documents; `embed` makes the vectors of new or changed contents. */
  async write(write: DocumentsWrite, signal: AbortSignal | undefined): Promise<Written> {
    return this.#caller.whole(async () => this.#write(write, signal))
  }

  async #write(
    { where, kind, documents, embed }: DocumentsWrite,
    signal: AbortSignal | undefined,
  ): Promise<Written> {
    const key = this.#caller.newKey()
    const out = new Outgoing(where, false, BLOCK)
    const given = documents.map((document, i) => out.copy(`documents[${i}]`, document))
    const plan = { op: 'plan', key, place: this.#declaring(), kind, documents: given } as const
    const planned = (await this.#caller.call(plan, out, signal)) as Planned
    this.#isDeclared = true
    if ('written' in planned) return { embedded: 0, written: planned.written }
    const { texts } = planned
    try {
      const vectors = new Outgoing(where, false, BLOCK)
      const embeddings = vectors.copy(
        'embeddings',
        await this.#caller.foreign(async () => embed(texts)),
      )
      const call = { op: 'embedded', key, embeddings } as const
      const written = (await this.#caller.call(call, vectors, signal)) as number
      return { embedded: texts.length, written }
    } catch (error) {
      // Only close() waits for that.
      const forget = async (): Promise<unknown> =>
        this.#caller.call({ op: 'unplan', key }, new Outgoing(where), undefined)
      this.#caller.whole(forget).catch(() => undefined)
      throw error
    }
  }

  /** Calls carry the declaration until one of them has succeeded: none of them waits for another one. */
  #declaring(): DocumentPlace {
    return this.#isDeclared ? this.#place : { ...this.#place, declaration: this.#declaration }
  }
}

function argumentsOf(out: Outgoing, steps: readonly Step[]): readonly Step[] {
  return steps.map(
    ([method, ...args]) => [method, ...args.map(each => out.copy(method, each))] as unknown as Step,
  )
}
