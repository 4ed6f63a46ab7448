import { VecError } from '../../core/errors.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { registerSubtypeFunction, type Subtyped } from '../../sqlite/functions.ts'
import { sqlText } from '../number-text.ts'
import { encodeRequest } from '../vec/match-request.ts'
import { givenValue } from './given-vector.ts'
import { bytesOf, readFloats } from './sql-vector.ts'

/** Registers the functions that make the right-hand side of MATCH for text searches. */
export function registerTextFunctions(db: Connection): void {
  const pure = { deterministic: true, innocuous: true }
  for (const arity of [1, 2]) {
    db.function('vec_text', { ...pure, arity }, (text, options) =>
      encodeRequest(
        'vec_text()',
        undefined,
        textArgument('vec_text()', text),
        optionsOf('vec_text()', options),
      ),
    )
  }
  for (const arity of [2, 3]) {
    const hybrid = { ...pure, arity, readsSubtypes: true }
    registerSubtypeFunction(db, 'vec_hybrid', hybrid, (vector, text, options?: Subtyped) => {
      const where = 'vec_hybrid()'
      return encodeRequest(
        where,
        vectorArgument(where, givenValue(vector)),
        textArgument(where, text.value),
        optionsOf(where, options?.value),
      )
    })
  }
}

function vectorArgument(where: string, value: SqlValue): Uint8Array {
  if (value !== null) return bytesOf(readFloats(value))
  throw new VecError(
    'VEC_QUERY',
    `${where}: the vector is NULL, expected a BLOB of float32 or text such as '[0.1, 0.2]'`,
    {
      hint: 'vec_text() searches by text alone',
    },
  )
}

function textArgument(where: string, value: SqlValue): string {
  if (typeof value === 'string') return value
  throw new VecError('VEC_QUERY', `${where}: the text is ${sqlText(value)}, expected a text`, {
    hint: 'a search by vector alone needs no function: doc_id MATCH ?',
  })
}

function optionsOf(where: string, value: SqlValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new VecError(
    'VEC_QUERY',
    `${where}: the options are ${sqlText(value)}, expected a JSON object as text`,
    {
      hint: `for instance '{"syntax": "all"}'`,
    },
  )
}
