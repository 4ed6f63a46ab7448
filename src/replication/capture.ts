import { VecError } from '../core/errors.ts'
import { numberIn, oneOf } from './answer.ts'
import type { Source } from './source.ts'
import type { UpstreamSession } from './upstream-session.ts'

/** Whether triggers log the writes to the shadow table. Without them, a writer has to. */
export async function hasTriggers(source: Source, session: UpstreamSession): Promise<boolean> {
  const rows = await session.rows(source.sql.writing.countTriggers)
  return numberIn(oneOf(rows), 'n') > 0
}

export async function refuseTriggers(source: Source, session: UpstreamSession): Promise<void> {
  if (!(await hasTriggers(source, session))) return
  throw new VecError(
    'SYNC_CAPTURE',
    `${source.shadowTable} has log triggers: a writer would log every change a second time`,
    { hint: 'write with plain SQL, or drop the triggers' },
  )
}
