import { AsyncLocalStorage } from 'node:async_hooks'
import { VecError } from '../../core/errors.ts'
import type { ForeignCalls } from '../port.ts'

/** Knows the functions of the caller that a call waits for, also after they have awaited something. */
export class FollowedCalls implements ForeignCalls {
  readonly #scopes = new AsyncLocalStorage<{ awaited: boolean }>()

  async run<R>(task: () => Promise<R>): Promise<R> {
    const scope = { awaited: true }
    try {
      return await this.#scopes.run(scope, task)
    } finally {
      // What it left behind may close the database.
      scope.awaited = false
    }
  }

  steps<T>(iterable: AsyncIterable<T>): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#followed(iterable[Symbol.asyncIterator]()) }
  }

  refuse(what: string): void {
    if (!this.#scopes.getStore()?.awaited) return
    throw new VecError(
      'SQLITE_MISUSE',
      `close() was called in a function that a call of ${what} waits for, and would wait for that call`,
      {
        hint: 'return from embed, or from the generator of rows, and close() once the call is answered',
      },
    )
  }

  #followed<T>(iterator: AsyncIterator<T>): AsyncIterator<T> {
    return {
      next: async () => this.run(async () => iterator.next()),
      return: async () =>
        this.run(async () => (await iterator.return?.()) ?? { done: true, value: undefined }),
    }
  }
}
