import { onlyReads } from '../documents/collection/only-reads.ts'
import type { CollectionQuery } from '../documents/collection/read-query.ts'
import type { IndexSharing } from '../search/memory/shared-indexes.ts'
import type { OpenOptions } from '../sqlite/open-options.ts'
import type { InsertManyOptions, InsertRow } from '../sqlite/vtab/insert-many.ts'
import type { AsyncParameters, RowForm } from './async-types.ts'
import type { CollectionCall } from './collections/collection-call.ts'
import type { WireError } from './wire-error.ts'

/** One statement of a transaction, with its parameters. */
export interface BoundStatement {
  readonly sql: string
  readonly parameters: AsyncParameters
}

/** A request to a worker. */
export type Call =
  | {
      readonly op: 'open'
      readonly path: string | Uint8Array
      readonly options: OpenOptions & { readonly register?: boolean }
      /** Where the number of the call to be ended with SQLITE_INTERRUPT is stored, if threads share memory. */
      readonly control: Int32Array | undefined
      /** How the worker shares indexes with the others of the client; undefined: it does not. */
      readonly sharing: IndexSharing | undefined
    }
  | ({ readonly op: 'all' | 'get'; readonly form: RowForm } & BoundStatement)
  | ({ readonly op: 'run' } & BoundStatement)
  | { readonly op: 'exec'; readonly sql: string }
  | { readonly op: 'batch'; readonly sql: string; readonly parameters: readonly AsyncParameters[] }
  | { readonly op: 'transaction'; readonly statements: readonly BoundStatement[] }
  /** Rows of an insertMany that is to come, which are kept under a number. */
  | {
      readonly op: 'stage'
      readonly key: string
      /** How many parts came before. */
      readonly part: number
      readonly rows: readonly InsertRow[]
    }
  | { readonly op: 'unstage'; readonly key: string }
  | {
      readonly op: 'insertMany'
      readonly key: string
      readonly parts: number
      readonly table: string
      readonly columns: readonly string[]
      readonly options: InsertManyOptions
    }
  | {
      readonly op: 'search'
      readonly table: string
      readonly dataset: string
      readonly query: CollectionQuery
    }
  | CollectionCall
  | { readonly op: 'export' }
  | { readonly op: 'import'; readonly bytes: Uint8Array }
  | { readonly op: 'close' }

/** A call on an open database. */
export type DatabaseCall = Exclude<Call, { op: 'open' | 'close' }>

export interface Request {
  readonly id: number
  readonly call: Call
}

export type Answer = { readonly value: unknown } | { readonly error: WireError }

export type Reply = Answer & { readonly id: number }

const SELECTS = /^(?:[\s;\ufeff]|--[^\n]*\n|\/\*[^]*?\*\/)*(?:SELECT|VALUES|(WITH))\b/i
const WRITES = /\b(?:INSERT|UPDATE|DELETE|REPLACE)\b/i

/** Whether a call cannot write. For SQL, this is certain for SELECT, and for WITH if no word of it writes. */
export function isRead(call: Call): boolean {
  if (call.op === 'documents') return call.place.declaration === undefined && onlyReads(call.steps)
  if (call.op !== 'all' && call.op !== 'get') return call.op === 'search' || call.op === 'export'
  const [found, isWith] = SELECTS.exec(call.sql) ?? []
  return found !== undefined && !(isWith && WRITES.test(call.sql))
}
