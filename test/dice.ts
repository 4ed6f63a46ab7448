import { seeded } from './freshness/seeded.ts'

/** Random numbers and choices from one seed. */
export class Dice {
  readonly next: () => number

  constructor(seed: number) {
    this.next = seeded(seed)
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}
