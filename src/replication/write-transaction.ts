import { backoff, pause } from './deadline.ts'
import { isRetryable } from './failure.ts'
import type { Source } from './source.ts'
import type { UpstreamSession } from './upstream-session.ts'

/**
 * Runs `work` in one READ COMMITTED transaction. Repeats all of it after a deadlock, a serialization failure or a
 * lost connection. A COMMIT without an answer may have taken effect, so `work` must be safe to repeat.
 */
export async function writeTransaction<T>(
  source: Source,
  attempts: number,
  work: (session: UpstreamSession) => Promise<T>,
): Promise<T> {
  const { writing } = source.sql
  for (let attempt = 0; ; attempt++) {
    try {
      return await source.use(async session => {
        for (const statement of writing.begin) await session.run(statement)
        let result: T
        try {
          result = await work(session)
        } catch (error) {
          await session.run(writing.rollback).catch(() => session.destroy())
          throw error
        }
        await session.run(writing.commit)
        return result
      })
    } catch (error) {
      if (!isRetryable(error) || attempt + 1 >= attempts) throw error
      await pause(Math.min(backoff(Math.min(attempt, 5)), 3000) / 4)
    }
  }
}
