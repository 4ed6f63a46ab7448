import {
  isInTransaction,
  isReadonly,
  transactionStateOf,
  unnoticed,
  waitingAtMost,
} from '../../database/capabilities.ts'
import { transaction } from '../../database/transaction.ts'
import type { Journal, JournalHead, LogPosition } from '../journal/journal.ts'
import type { TextSpec } from '../schema/text-spec.ts'
import type { IndexManager } from '../snapshot/index-manager.ts'
import type { SearchContext } from '../snapshot/search-context.ts'
import { TextTables, type TextState } from './text-tables.ts'
import { unlikeWord } from './unlike-word.ts'

/** The pause after a failed attempt to write to the file. */
const WRITE_PAUSE_MS = 1000
/**
 * The maximum number of other tables' entries that each search reads again before the text index's position moves past
 * them.
 */
const OTHER_ENTRIES = 1000

/** A text index that contains exactly the rows that the current transaction sees. */
export interface CurrentText {
  readonly tables: TextTables
  readonly documents: number
  /** Equal keys mean the same rows. Undefined if unknown. */
  readonly key: string | undefined
}

/** The facts that the journal has for a text index. */
interface Told {
  readonly journal: Journal
  readonly head: JournalHead
}

/**
 * The text index of one vec table on one connection. No writer maintains it: the first text search after a change
 * catches up from the journal, which lists the changed rows whichever program wrote them. It writes to the file if the
 * transaction allows that, and is then rolled back with it. Otherwise a copy in `temp` catches up, which only this
 * connection sees.
 */
export class TextIndex {
  readonly #context: SearchContext
  readonly #indexes: IndexManager
  readonly #file: TextTables
  readonly #temp: TextTables
  #triedAt = -Infinity
  /** The entry that the file's tables covered when they were found damaged. */
  #damagedAt: bigint | undefined

  constructor(context: SearchContext, spec: TextSpec, indexes: IndexManager) {
    this.#context = context
    this.#indexes = indexes
    this.#file = new TextTables(context.shadow, spec, 'file')
    this.#temp = new TextTables(context.shadow, spec, 'temp')
  }

  /** The tables in the file, for checks. */
  get file(): TextTables {
    return this.#file
  }

  /** The tables that answer for the rows this transaction sees. Call it in a snapshot. */
  current(): CurrentText {
    const told = this.#told()
    if (!told) {
      this.#fillTemp({ epoch: -1, seq: 0, tag: 0n })
      return current(this.#temp, this.#temp.state(), undefined)
    }
    const inFile = this.#bringFile(told)
    if (inFile) return current(this.#file, inFile, told.head)
    return current(this.#temp, this.#bringTemp(told), told.head)
  }

  /** Records that the file's tables cannot be read in their current state. */
  damaged(): void {
    this.#damagedAt = this.#file.state()?.tag
    if (this.#temp.isInstalled) this.#temp.forget()
  }

  /** Records that a document was found without its row. */
  vanished({ tables }: CurrentText): void {
    const remove = (): unknown => tables.removeOrphans()
    if (tables === this.#temp) this.#inTemp(remove)
    else if (!this.#mayWrite() || !this.#write(remove)) this.damaged()
  }

  /** What the file's tables cover now; undefined if this transaction cannot use them. */
  covered(): TextState | undefined {
    const told = this.#told()
    return told && this.#usable(this.#file, told)
  }

  /** The end of the journal; undefined if changes may be missing from it. */
  position(): LogPosition | undefined {
    return this.#told()?.head
  }

  /** A word for which the file's tables list other documents than an index of the current rows, built in temp. */
  wrongWord(): string | undefined {
    let wrong: string | undefined
    this.#fillTemp({ epoch: -1, seq: 0, tag: 0n })
    try {
      const { db } = this.#context.shadow
      this.#inTemp(() => (wrong = unlikeWord(db, this.#file, this.#temp)))
    } finally {
      this.#inTemp(() => {
        this.#temp.forget()
        this.#temp.clear()
      })
    }
    return wrong
  }

  /** Fills the file's tables again, in the caller's transaction. */
  rebuild(): number {
    const told = this.#told()
    if (!told || !this.#file.isInstalled) return 0
    this.#file.fill(told.head)
    this.#damagedAt = undefined
    return this.#file.state()!.documents
  }

  #told(): Told | undefined {
    const { shadow } = this.#context
    let journal = this.#indexes.journal()
    let shape = shadow.refresh()
    if (!shape.textIndexed && this.#mayWrite()) {
      this.#write(() => {
        this.#file.install()
        shadow.installHere()
      })
      shadow.distrust()
      journal = this.#indexes.journal()
      shape = shadow.refresh()
    }
    const head = shape.filterable && shape.textIndexed ? journal?.head() : undefined
    return journal && typeof head === 'object' ? { journal, head } : undefined
  }

  #usable(tables: TextTables, { journal, head }: Told): TextState | undefined {
    if (!tables.isInstalled) return undefined
    const state = tables.state()
    return state && journal.follows(state, head) ? state : undefined
  }

  /** Whether it covers the whole journal, or all but a few entries of other tables. */
  #isCurrent({ seq }: TextState, { journal, head }: Told): boolean {
    if (seq === head.seq) return true
    if (head.seq - seq > OTHER_ENTRIES) return false
    return journal.changedKeys(seq, this.#context.shadow.name, 0) !== undefined
  }

  /** What the file's tables cover; undefined: they cannot answer. */
  #bringFile(told: Told): TextState | undefined {
    const file = this.#file
    const state = this.#usable(file, told)
    if (state && state.tag === this.#damagedAt) return undefined
    if (state && this.#isCurrent(state, told)) return state
    // Tables of another specification or version stay: SQLite cannot drop them while a statement runs.
    if (!this.#mayWrite() || !file.isInstalled) return undefined
    return this.#write(() => bring(file, told, state, this.#context)) ? file.state() : undefined
  }

  /** A query never waits for a lock, never fails because of it, and never turns a reader into a writer. */
  #mayWrite(): boolean {
    const { shadow, mayInstall } = this.#context
    const { db, schema } = shadow
    if (!mayInstall || isReadonly(db, schema)) return false
    const writing = transactionStateOf(db, schema) === 'write'
    if (isInTransaction(db)) return writing
    return !writing && performance.now() - this.#triedAt >= WRITE_PAUSE_MS
  }

  #write(task: () => unknown): boolean {
    const { db } = this.#context.shadow
    try {
      waitingAtMost(db, 0, () => unnoticed(db, () => transaction(db, task).immediate()))
      return true
    } catch {
      // Busy, a full disk, a damaged index: the copy in temp answers.
      if (!isInTransaction(db)) this.#triedAt = performance.now()
      return false
    }
  }

  #bringTemp(told: Told): TextState | undefined {
    const temp = this.#temp
    const state = this.#usable(temp, told)
    if (state && this.#isCurrent(state, told)) return state
    this.#inTemp(() => {
      const file = this.#usable(this.#file, told)
      const sound = file && file.tag !== this.#damagedAt ? file : undefined
      if (!state && sound && !temp.isInstalled) {
        temp.install()
        temp.copy(this.#file, sound)
      }
      temp.install()
      bring(temp, told, state ?? temp.state(), this.#context)
    })
    return temp.state()
  }

  #fillTemp(position: LogPosition): void {
    this.#inTemp(() => {
      this.#temp.install()
      this.#temp.fill(position)
    })
  }

  /** Even without a transaction, tables that were left half done cover nothing. */
  #inTemp(task: () => unknown): void {
    const { db } = this.#context.shadow
    unnoticed(db, () => {
      if (transactionStateOf(db) === 'write' && !isInTransaction(db)) task()
      else transaction(db, task)()
    })
  }
}

function current(
  tables: TextTables,
  state: TextState | undefined,
  head: JournalHead | undefined,
): CurrentText {
  const { documents } = state!
  const key = head && `${tables.schema} ${head.epoch} ${head.seq} ${head.tag}`
  return { tables, documents, key }
}

/** Updates tables to the end of the journal. `state`: what they cover, if that belongs to this history. */
function bring(
  tables: TextTables,
  { journal, head }: Told,
  state: TextState | undefined,
  { shadow }: SearchContext,
): void {
  const keys =
    state && journal.follows(state, head)
      ? journal.changedKeys(state.seq, shadow.name, tables.mostChanges(state))
      : undefined
  if (state && keys) tables.apply(keys, state, head)
  else tables.fill(head)
}
