import { VecError } from '../../core/errors.ts'
import { compileFilter } from '../../core/filter/compile-filter.ts'
import { parseFilter } from '../../core/filter/parse-filter.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowFilter } from '../../search/schema/row-filter.ts'
import { SHADOW } from '../../search/schema/table-schema.ts'
import type { TermValue } from '../../sqlite/vtab/virtual-table.ts'
import { sqlText } from '../number-text.ts'

/** A metadata filter as it is compared with the column `filter`, and as a condition over the shadow table. */
export interface GivenFilter extends RowFilter {
  readonly text: string
}

/** Throws VEC_FILTER for what is not a filter in JSON. */
export function readFilter(value: TermValue): GivenFilter {
  if (!(value instanceof Utf8)) throw refused(`expected JSON text, got ${sqlText(value)}`)
  const text = String(value)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw refused(`the text is not JSON (${(error as Error).message})`)
  }
  const { sql, parameters } = compileFilter(parseFilter(json), {
    json: SHADOW.meta.stored,
    column: () => undefined,
  })
  return { text, sql, parameters }
}

function refused(what: string): VecError {
  return new VecError('VEC_FILTER', `filter: ${what}`, {
    hint: `write a filter as '{"lang": "en", "year": {"$gte": 2020}}'; docs/api.md#filters lists the operators`,
  })
}
