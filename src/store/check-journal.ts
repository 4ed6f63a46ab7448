import type { Defect, Inspected } from './defect.ts'
import { finding } from './finding.ts'
import { JOURNAL, JOURNAL_STATE } from './layout.ts'
import { quoteName } from './names.ts'
import { Storage } from './storage.ts'

/** Fewer are not worth a word. */
const MANY = 10_000
/** The journal prunes itself bit by bit; so long it becomes only when no program ever pauses or closes the file. */
const LONG = 500_000

/** How long the journal is, and how much of it nothing needs any more. */
export function checkJournal({ searcher, remedy }: Inspected): Defect[] {
  const { shadow } = searcher
  const { db, schema } = shadow
  if (!shadow.refresh().journaled) return []
  const statement = db.prepare(
    `SELECT coalesce(min(seq), 0), coalesce(max(seq), 0), (SELECT max(pruned_seq) FROM ${quoteName(schema)}.${JOURNAL_STATE})
     FROM ${quoteName(schema)}.${JOURNAL}`,
  )
  let first: number
  let last: number
  let pruned: number
  try {
    ;[first, last, pruned] = statement.raw().get() as [number, number, number]
  } finally {
    statement.finalize()
  }
  const length = last === 0 ? 0 : last - first + 1
  const needless = new Storage(db, schema).prunable(last)
  const op = `the journal holds ${length} changes, up to number ${last}; the first ${pruned ?? 0} are pruned`
  if (needless < MANY) return [finding('info', 'journal', op)]
  const severity = length > LONG ? 'warning' : 'info'
  return [
    {
      ...finding(severity, 'journal', `${op}; ${needless} more are needed by no saved index`, {
        remedy: remedy('optimize', ''),
      }),
      mend: () => {
        const storage = new Storage(db, schema)
        let deleted = 0
        for (let more = -1; more !== 0; deleted += more) more = storage.prune(last)
        return `the journal was pruned: ${deleted} changes deleted`
      },
    },
  ]
}
