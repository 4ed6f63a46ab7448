import type { Replicator } from '../../entries/vecsync.ts'

const WINDOW = 5000

/** The work of this process so far: counters that only rise, and a rate. */
export class Tally {
  readonly began: number = Date.now()
  /** Changes and rows by dataset. */
  readonly applied: ReadonlyMap<string, number>
  warnings = 0
  #total = 0
  /** Times and totals of the last seconds, oldest first. */
  readonly #recent: { readonly at: number; readonly total: number }[] = []

  constructor(replicator: Replicator) {
    const applied = new Map<string, number>()
    this.applied = applied
    replicator.on('progress', event => {
      applied.set(event.datasetId, (applied.get(event.datasetId) ?? 0) + event.applied)
      this.#forget(performance.now())
      this.#recent.push({ at: performance.now(), total: this.#total })
      this.#total += event.applied
    })
    replicator.on('warning', () => {
      this.warnings++
    })
  }

  get total(): number {
    return this.#total
  }

  /** Changes per second, averaged over the last five. */
  rate(now: number = performance.now()): number {
    this.#forget(now)
    const [first] = this.#recent
    if (first === undefined) return 0
    return ((this.#total - first.total) * 1000) / Math.max(1000, now - first.at)
  }

  #forget(now: number): void {
    while (this.#recent.length > 0 && this.#recent[0].at < now - WINDOW) this.#recent.shift()
  }
}
