import { numberOf } from '../../database/query.ts'
import { journalRange, UNSOUND_ENTRY, UNSOUND_STATE } from '../journal/journal.ts'
import { IndexStore } from '../persistence/index-store.ts'
import { JOURNAL, JOURNAL_STATE, NEW_HISTORY } from '../schema/layout.ts'
import { quoteName } from '../schema/names.ts'
import { diagnostic } from './diagnostic.ts'
import type { Problem, Inspection } from './problem.ts'

/** Fewer unneeded entries are not worth a finding. */
const MANY = 10_000
/** The journal prunes itself step by step. It becomes this long only if no program ever pauses or closes the file. */
const LONG = 500_000

/** Whether the journal's numbers are reliable, how long it is, and how much of it is no longer needed. */
export function checkJournal(inspected: Inspection): Problem[] {
  const { searcher, fix } = inspected
  const { shadow } = searcher
  const { db, schema } = shadow
  if (!shadow.refresh().journaled) return []
  const unsound = checkNumbers(inspected)
  const range = journalRange(db, schema)
  if (unsound || !range) return unsound ? [unsound] : []
  const { first, last } = range
  const length = last === 0 ? 0 : last - first + 1
  const pruned = numberOf(db, `SELECT max(pruned_seq) FROM ${quoteName(schema)}.${JOURNAL_STATE}`)
  const needless = new IndexStore(db, schema).prunable(last)
  const op = `the journal has ${length} changes, up to number ${last}; the first ${pruned} are pruned`
  if (needless < MANY) return [diagnostic('info', 'journal', op)]
  const severity = length > LONG ? 'warning' : 'info'
  return [
    {
      ...diagnostic(
        severity,
        'journal',
        `${op}; ${needless} more are not needed by any saved index`,
        {
          fix: fix('optimize', ''),
        },
      ),
      repair: () => {
        const storage = new IndexStore(db, schema)
        let deleted = 0
        for (let more = -1; more !== 0; deleted += more) more = storage.prune(last)
        return `the journal was pruned: ${deleted} changes deleted`
      },
    },
  ]
}

/** Finds numbers written by hand, or by the program that created the file. */
function checkNumbers({ searcher, fix }: Inspection): Problem | undefined {
  const { db, schema } = searcher.shadow
  const journal = `${quoteName(schema)}.${JOURNAL}`
  const state = `${quoteName(schema)}.${JOURNAL_STATE}`
  const entries = numberOf(db, `SELECT count(*) FROM ${journal} WHERE ${UNSOUND_ENTRY}`)
  const states = numberOf(db, `SELECT count(*) FROM ${state} WHERE ${UNSOUND_STATE}`)
  if (entries + states === 0) return undefined
  const wrong = [
    ...(entries > 0 ? [`${JOURNAL} has ${entries} entries whose seq or tag is out of range`] : []),
    ...(states > 0 ? [`${JOURNAL_STATE} has an epoch or pruned_seq out of range`] : []),
  ]
  const op = `${wrong.join(', ')}: indexes cannot be trusted, so queries read the whole dataset`
  return {
    ...diagnostic('warning', 'journal', op, { fix: fix('repair', '') }),
    rebuild: true,
    repair: () => {
      // The state comes first: the guard on deleted entries increments its epoch.
      db.exec(`UPDATE ${state} SET ${NEW_HISTORY}; DELETE FROM ${journal} WHERE ${UNSOUND_ENTRY}`)
      return `the journal was restarted: ${entries} entries deleted`
    },
  }
}
