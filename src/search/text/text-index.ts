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

/** After a failed attempt to write the file the next one waits. */
const WRITE_PAUSE_MS = 1000
/** Entries of other tables that are read again by each search before the text index's position is moved past them. */
const OTHER_ENTRIES = 1000

/** A text index that holds exactly the rows that the present transaction sees. */
export interface CurrentText {
  readonly tables: TextTables
  readonly documents: number
  /** Two equal keys: the same rows. Undefined: nothing tells. */
  readonly key: string | undefined
}

/** What the journal tells a text index. */
interface Told {
  readonly journal: Journal
  readonly head: JournalHead
}

/**
 * The text index of one vec table on one connection. No writer maintains it: the first text search after a change catches
 * up from the journal, which names the changed rows whichever program wrote them. It writes the file where the transaction
 * allows that, and so is rolled back with it. Otherwise a copy in `temp` catches up, which this connection alone sees.
 */
export class TextIndex {
  readonly #context: SearchContext
  readonly #indexes: IndexManager
  readonly #file: TextTables
  readonly #temp: TextTables
  #triedAt = -Infinity
  /** The file's tables were found damaged while they covered this entry. */
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

  /** What answers for the rows that this transaction sees. To be called in a snapshot. */
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

  /** The file's tables cannot be read. What they cover at present is not asked again. */
  damaged(): void {
    this.#damagedAt = this.#file.state()?.tag
    if (this.#temp.isInstalled) this.#temp.forget()
  }

  /** A document was found whose row is gone. */
  vanished({ tables }: CurrentText): void {
    const remove = (): unknown => tables.removeOrphans()
    if (tables === this.#temp) this.#inTemp(remove)
    else if (!this.#mayWrite() || !this.#write(remove)) this.damaged()
  }

  /** What the file's tables cover at present; undefined: nothing that this transaction can use. */
  covered(): TextState | undefined {
    const told = this.#told()
    return told && this.#usable(this.#file, told)
  }

  /** The end of the journal; undefined: changes may have gone by without an entry. */
  position(): LogPosition | undefined {
    return this.#told()?.head
  }

  /** A word that the file's tables have in other documents than the present rows, whose texts are split again in temp. */
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

  /** It covers the whole journal, or all but a few entries of other tables. */
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
    // Tables of another recipe or version stay as they are: SQLite drops none while a statement runs.
    if (!this.#mayWrite() || !file.isInstalled) return undefined
    return this.#write(() => bring(file, told, state, this.#context)) ? file.state() : undefined
  }

  /** A query never waits for a lock, fails by it, or turns a reader into a writer. */
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

  /** Without a transaction, too, what was left half-way covers nothing. */
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

/** Brings tables to the head of the journal. `state`: what they cover, if that is a part of this history. */
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
