import { setImmediate } from 'node:timers/promises'

/** A call of the embed function that waits for its answer. */
export interface WaitingCall {
  readonly texts: readonly string[]
  answer(): Promise<void>
  fail(): Promise<void>
}

export const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0)]

/** An embed function that answers when the test says so; `waiting` are its calls, in the order in which they were made. */
export class SlowModel {
  readonly waiting: WaitingCall[] = []

  readonly embed = (texts: readonly string[]): Promise<number[][]> =>
    new Promise((resolve, reject) => {
      this.waiting.push({
        texts,
        answer: () => settled(() => resolve(texts.map(vectorOf))),
        fail: () => settled(() => reject(new Error('the model server is gone'))),
      })
    })
}

async function settled(settle: () => void): Promise<void> {
  settle()
  // Whoever waited writes now.
  await setImmediate()
}
