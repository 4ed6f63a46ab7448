import {
  isInTransaction,
  isReadonly,
  transactionStateOf,
  unnoticed,
  waitingAtMost,
} from '../../database/capabilities.ts'
import { Journal } from '../journal/journal.ts'
import type { Shape } from '../schema/shape.ts'
import type { SearchContext } from './search-context.ts'

/** The pause after a failed attempt to reinstall the triggers. */
const REINSTALL_PAUSE_MS = 1000

/** The journal of one shadow table, and the triggers that write it. */
export class JournalAccess {
  readonly #context: SearchContext
  #journal: Journal | undefined
  #reinstalledAt = -Infinity

  constructor(context: SearchContext) {
    this.#context = context
  }

  /** The journal, reinstalled if necessary; undefined if writes may be missing from it. */
  trusted(known?: Shape): Journal | undefined {
    const { shadow } = this.#context
    let shape = known ?? shadow.refresh()
    // Triggers of an earlier version are sufficient for searches without a filter.
    if (shape.journaled && !shape.filterable && this.reinstall()) shape = shadow.refresh()
    if (!shape.journaled) {
      this.dispose()
      if (!shape.unique || !this.reinstall()) return undefined
      shape = shadow.refresh()
      if (!shape.journaled) return undefined
    }
    return shape.unique ? this.journal : undefined
  }

  /** The journal, whether it can be trusted or not. */
  get journal(): Journal {
    const { db, schema } = this.#context.shadow
    return (this.#journal ??= new Journal(db, schema))
  }

  /**
   * Creates journal and triggers. A query never waits for that, never fails because of it, and never turns a reader
   * into a writer.
   */
  reinstall(): boolean {
    const { mayInstall, shadow } = this.#context
    const { db, schema } = shadow
    if (!mayInstall || isReadonly(db, schema)) return false
    // A statement that writes by itself (INSERT ... SELECT from the vec table) cannot join a transaction.
    const isWriting = transactionStateOf(db, schema) === 'write'
    if (isInTransaction(db) ? !isWriting : transactionStateOf(db) === 'write') return false
    if (performance.now() - this.#reinstalledAt < REINSTALL_PAUSE_MS) return false
    this.#reinstalledAt = performance.now()
    try {
      waitingAtMost(db, 0, () => unnoticed(db, () => shadow.install()))
      return true
    } catch {
      // Busy, a full disk, or no permission: the table itself still answers.
      shadow.distrust()
      return false
    }
  }

  dispose(): void {
    this.#journal?.dispose()
    this.#journal = undefined
  }
}
