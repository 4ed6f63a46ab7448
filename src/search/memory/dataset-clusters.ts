import { VecError } from '../../core/errors.ts'
import type { Clusters, ClusterUse, Clustering } from '../../index/clusters.ts'
import type { IndexSection, StoredSection } from '../../index/vector-index.ts'
import { eventLoopPace, type Pace } from './pace.ts'

/** How long the clusters of an index are worked on at once. */
const WORK_MS = 4
/** A program that never lets its event loop turn still gets its clusters: a search works on them after so long a pause. */
const IDLE_MS = 10

/** Exact searches of an index before clusters are tried for them: a program that asks a few times need not wait for that. */
const WORTH_TRYING = 32

/**
 * The clusters of one index. They are made and calibrated in the background, a few milliseconds at a time; until they are
 * ready, and while others take the place of outgrown ones, searches are answered without them, or by the old ones.
 *
 * Without enough memory there are no clusters, and searches stay exact. Any other error of their code ends them too; the next
 * search that asks for them throws it, once.
 */
export class DatasetClusters {
  #current: Clusters | undefined
  /** What takes the place of outgrown ones. */
  #next: Clusters | undefined
  #savedVersion = 0
  readonly #pace: Pace
  /** Cancels the next part of the work; undefined: none is due. */
  #cancel: (() => void) | undefined
  #workedAt = -Infinity
  /** Called when there is something new to save. */
  #onChange: (() => void) | undefined
  /** There are none any more: memory is missing, or their code has failed. */
  #ended = false
  /** What the next search throws. */
  #failure: { readonly error: unknown } | undefined
  readonly #uses = new Set<ClusterUse>()
  /** Exact searches so far, up to WORTH_TRYING. */
  #searches = 0

  constructor(pace: Pace = eventLoopPace) {
    this.#pace = pace
  }

  get current(): Clusters | undefined {
    return this.#current
  }

  get bytes(): number {
    return (this.#current?.bytes ?? 0) + (this.#next?.bytes ?? 0)
  }

  /** Whether the saved form lacks what was found out since. */
  get unsaved(): boolean {
    return this.#current !== undefined && this.#current.version !== this.#savedVersion
  }

  /**
   * Clusters that can answer; undefined: not yet. What is missing is begun, and done in the background. `onChange` is
   * called, later, when that has come to something that is worth a save. Throws an error of the work that was done since.
   */
  wanted(clustering: Clustering, onChange: () => void): Clusters | undefined {
    this.#throwFailure()
    if (this.#ended) return undefined
    this.#prepare('recall', clustering)
    this.#onChange = onChange
    if (!this.#current?.ready || this.#next) this.#begin()
    this.#throwFailure()
    return this.#current?.ready ? this.#current : undefined
  }

  /**
   * Clusters that may help exact searches; undefined: none do, or it is not known yet. That is found out in the background,
   * after some searches; `clustering` is called when it begins. Throws as `wanted` does.
   */
  helping(clustering: () => Clustering | undefined, onChange: () => void): Clusters | undefined {
    this.#throwFailure()
    if (this.#ended) return undefined
    if (this.#searches < WORTH_TRYING) {
      this.#searches++
      return undefined
    }
    const { skipping, outgrown } = this.#current ?? {}
    if (!skipping || (outgrown && !this.#next)) {
      const made = clustering()
      if (!made) {
        this.#searches = 0
        return undefined
      }
      this.#prepare('exact', made)
    }
    this.#onChange = onChange
    if (this.#current?.due || this.#next) this.#begin()
    this.#throwFailure()
    return this.#current?.skipping?.pays ? this.#current : undefined
  }

  /** Does now what is left, as when a calibration turns out to be missing. */
  continue(): void {
    if (this.#current?.due) this.#begin()
  }

  /** Makes them at once. False: there is no memory for them. Throws other errors. */
  finish(clustering: Clustering): boolean {
    this.#throwFailure()
    if (this.#ended) return false
    this.#prepare('recall', clustering, true)
    while (this.#step());
    this.#throwFailure()
    return !this.#ended
  }

  /** Takes saved ones, if there are any. Throws VEC_STORAGE if they are damaged. */
  restore(
    clustering: Clustering | undefined,
    sections: ReadonlyMap<string, IndexSection | StoredSection>,
  ): void {
    this.#current = clustering?.restore(sections)
    this.noteSaved()
  }

  save(): IndexSection[] {
    return this.#current?.save() ?? []
  }

  noteSaved(): void {
    this.#savedVersion = this.#current?.version ?? 0
  }

  added(count: number): void {
    this.#both(clusters => clusters.added(count))
  }

  removed(position: number): void {
    this.#both(clusters => clusters.removed(position))
  }

  moved(from: number, to: number): void {
    this.#both(clusters => clusters.moved(from, to))
  }

  dispose(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#current?.dispose()
    this.#next?.dispose()
    this.#current = this.#next = undefined
  }

  /** Tells a change of rows. It has happened, whatever becomes of the clusters. */
  #both(tell: (clusters: Clusters) => void): void {
    try {
      if (this.#current) tell(this.#current)
      if (this.#next) tell(this.#next)
    } catch (error) {
      this.#end(error)
    }
  }

  /** Begins clusters for a use, or others in place of outgrown ones; at once, or when these are ready. */
  #prepare(use: ClusterUse, clustering: Clustering, atOnce = false): void {
    this.#uses.add(use)
    this.#current ??= clustering.begin(use)
    // Their code is not loaded yet.
    if (!this.#current) return
    this.#current.want(use, clustering.space)
    const { due, outgrown, ready } = this.#current
    if (outgrown && (atOnce || ready || !due)) this.#next ??= clustering.begin(use)
    for (const each of this.#uses) this.#next?.want(each)
  }

  #begin(): void {
    if (!this.#cancel) this.#schedule()
    if (this.#pace.now() - this.#workedAt > IDLE_MS) this.#workAWhile()
  }

  #schedule(): void {
    this.#cancel = this.#pace.later(() => {
      this.#cancel = undefined
      if (this.#workAWhile()) this.#schedule()
      else if (this.unsaved) this.#onChange?.()
    })
  }

  /** False: nothing is left to do. */
  #workAWhile(): boolean {
    const pace = this.#pace
    const end = pace.now() + WORK_MS
    let more = true
    while (more && pace.now() < end) more = this.#step()
    this.#workedAt = pace.now()
    return more
  }

  #step(): boolean {
    const making = this.#next ?? this.#current
    if (!making) return false
    try {
      if (making.step()) return true
    } catch (error) {
      this.#end(error)
      return false
    }
    if (!this.#next) return false
    this.#current?.dispose()
    this.#current = this.#next
    this.#next = undefined
    this.#savedVersion = -1
    return true
  }

  #end(error: unknown): void {
    this.dispose()
    this.#ended = true
    const isMemory = error instanceof VecError && error.code === 'VEC_MEMORY'
    if (!isMemory) this.#failure = { error }
  }

  #throwFailure(): void {
    const failure = this.#failure
    if (!failure) return
    this.#failure = undefined
    throw failure.error
  }
}
