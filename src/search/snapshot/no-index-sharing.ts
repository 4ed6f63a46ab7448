import type * as threads from './index-sharing.ts'

/** For browsers and edge runtimes, where no thread lends its indexes. Their bundles do not contain index-sharing.ts. */
export class IndexSharing implements Pick<
  threads.IndexSharing,
  'active' | 'alone' | 'borrow' | 'lend' | 'newer'
> {
  readonly active = false

  alone<R>(_dataset: string, task: () => R): R {
    return task()
  }

  borrow(): undefined {}

  newer(): undefined {}

  lend(): void {}
}

/** No: there are no such threads. */
export const sharesIndexes: typeof threads.sharesIndexes = () => false
