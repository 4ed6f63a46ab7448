/** Times of one thing, in milliseconds. */
export interface Times {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly p95: number
  readonly runs: number
}

export function summarize(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return {
    median: at(0.5),
    min: sorted[0],
    max: sorted.at(-1)!,
    p95: at(0.95),
    runs: sorted.length,
  }
}

export function time(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

/** Something to measure: `perRound` runs in a row, so that each has its data in the caches as a user would. */
export interface Contender {
  readonly name: string
  readonly perRound: number
  run(i: number): void
}

/** Contenders by turns, round after round: what the machine does to one it does to all. */
export function interleave(contenders: readonly Contender[], rounds: number): Map<string, Times> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  const next = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      for (let i = 0; i < contender.perRound; i++) {
        const query = next.get(contender.name) ?? 0
        next.set(contender.name, query + 1)
        times.get(contender.name)!.push(time(() => contender.run(query)))
      }
    }
  }
  return new Map([...times].map(([name, list]) => [name, summarize(list)]))
}
