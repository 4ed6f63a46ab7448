import type { Clusters, Clustering } from '../../index/clusters.ts'
import type { IndexSection, StoredSection } from '../../index/vector-index.ts'

/** How long the clusters of an index are worked on at once, and the least pause before that is done again. */
const WORK_MS = 4
const PAUSE_MS = 1
/** A program that never lets its event loop turn still gets its clusters: a search works on them after so long a pause. */
const IDLE_MS = 10

/**
 * The clusters of one index. They are made and calibrated in the background, a few milliseconds at a time; until they are
 * ready, and while others take the place of outgrown ones, searches are answered without them, or by the old ones.
 */
export class DatasetClusters {
  #current: Clusters | undefined
  /** What takes the place of outgrown ones. */
  #next: Clusters | undefined
  #savedVersion = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #workedAt = -Infinity
  /** Called when there is something new to save. */
  #onChange: (() => void) | undefined
  /** There was no memory for them. */
  #failed = false

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
   * called, later, when that has come to something that is worth a save.
   */
  wanted(clustering: Clustering, onChange: () => void): Clusters | undefined {
    if (this.#failed) return undefined
    this.#current ??= clustering.begin()
    if (this.#current.outgrown && this.#current.ready) this.#next ??= clustering.begin()
    this.#onChange = onChange
    if (this.#current.ready && !this.#next) return this.#current
    this.#begin()
    return this.#current?.ready ? this.#current : undefined
  }

  /** Does now what is left, as when a calibration turns out to be missing. */
  continue(): void {
    if (this.#current && !this.#failed) this.#begin()
  }

  /** Makes them at once. False: there is no memory for them. */
  finish(clustering: Clustering): boolean {
    if (this.#failed) return false
    this.#current ??= clustering.begin()
    if (this.#current.outgrown) this.#next ??= clustering.begin()
    while (this.#step());
    return !this.#failed
  }

  /** Takes saved ones, if there are any. Throws VEC_STORAGE if they are damaged. */
  restore(clustering: Clustering | undefined, sections: ReadonlyMap<string, StoredSection>): void {
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
    this.#current?.added(count)
    this.#next?.added(count)
  }

  removed(position: number): void {
    this.#current?.removed(position)
    this.#next?.removed(position)
  }

  moved(from: number, to: number): void {
    this.#current?.moved(from, to)
    this.#next?.moved(from, to)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#current?.dispose()
    this.#next?.dispose()
    this.#current = this.#next = undefined
  }

  #begin(): void {
    if (this.#timer === undefined) this.#schedule()
    if (performance.now() - this.#workedAt > IDLE_MS) this.#workAWhile()
  }

  #schedule(): void {
    const timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#workAWhile()) this.#schedule()
      else if (this.unsaved) this.#onChange?.()
    }, PAUSE_MS)
    // A program that has finished need not wait.
    ;(timer as { unref?: () => void }).unref?.()
    this.#timer = timer
  }

  /** False: nothing is left to do. */
  #workAWhile(): boolean {
    const end = performance.now() + WORK_MS
    let more = true
    while (more && performance.now() < end) more = this.#step()
    this.#workedAt = performance.now()
    return more
  }

  #step(): boolean {
    const making = this.#next ?? this.#current
    if (!making) return false
    try {
      if (making.step()) return true
    } catch {
      // No memory: searches stay exact.
      this.dispose()
      this.#failed = true
      return false
    }
    if (!this.#next) return false
    this.#current?.dispose()
    this.#current = this.#next
    this.#next = undefined
    this.#savedVersion = -1
    return true
  }
}
