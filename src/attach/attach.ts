import { ownKernels } from '#own-kernels'
import { argumentError } from '../core/argument-error.ts'
import {
  databaseOf,
  type DurableObjectHandle,
  type HandleUse,
  type SqliteHandle,
} from '../database/driver-of.ts'
import { provideCode } from '../search/late/provide-code.ts'
import { installIfPossible } from '../search/schema/install.ts'
import { indexSpecOf } from '../tables/vec/index-spec.ts'
import { OPTIONS, type AttachOptions } from './attach-options.ts'
import { attachedTable } from './attached-table.ts'
import { requireMembers } from './known-members.ts'
import { Vectors } from './vectors.ts'

/**
 * Exact vector search over a table of an open database, in the driver that opened it; for a Durable Object, `db` is
 * `ctx.storage`. Creates the change journal if it is missing: two tables and three triggers, which the writes of any
 * program fire. Throws TypeError for a value that is not a handle of a synchronous driver, VEC_CLOSED for a closed one,
 * VEC_SHADOW and VEC_OPTION for an unsuitable table.
 *
 * ```ts
 * const vectors = attach(new Database('app.db'), { table: 'docs' })
 * vectors.search({ dataset: 'en', vector, k: 5 }) // [{ id: 'a', score: 0.93, distance: 0.07, columns: {} }, ...]
 * ```
 */
export function attach(db: SqliteHandle | DurableObjectHandle, options: AttachOptions): Vectors {
  requireMembers('attach()', 'options', options, 'an object with a table name', OPTIONS)
  const { table, includeArchived } = options
  if (typeof table !== 'string' || table.trim() === '') {
    throw argumentError('attach()', 'options.table', table, 'a table name')
  }
  if (includeArchived !== undefined && typeof includeArchived !== 'boolean') {
    throw argumentError('attach()', 'options.includeArchived', includeArchived, 'true or false')
  }
  ownKernels()
  provideCode()
  const use = databaseOf('attach()', db)
  try {
    return vectorsOf(use, options)
  } catch (error) {
    use.close()
    throw error
  }
}

function vectorsOf(use: HandleUse, options: AttachOptions): Vectors {
  const { shadow, columns, filterOf, options: declared } = attachedTable(use.db, options)
  try {
    installIfPossible(shadow.db, shadow.schema, () => {
      if (!shadow.refresh().journaled) shadow.install()
    })
  } catch (error) {
    shadow.dispose()
    throw error
  }
  const context = { shadow, spec: indexSpecOf(declared), columns, mayInstall: true }
  return new Vectors(context, filterOf, () => use.close())
}
