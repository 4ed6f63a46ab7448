import type * as refusal from './wal-refusal.ts'

/** For browsers and edge runtimes, whose connections to a file share memory: WAL works. */
export const walRefusal: typeof refusal.walRefusal = () => undefined
