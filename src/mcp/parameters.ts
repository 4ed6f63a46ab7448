import { argumentError } from '../core/argument-error.ts'
import { object, text, wholeNumber, type Check } from '../core/check-options.ts'
import type { McpSettings } from './mcp-options.ts'
import type { VecTool } from './tool.ts'

type Parameters = VecTool['parameters']

/** The arguments of every tool that name a dataset. */
export const ADDRESS: Parameters = {
  file: [{ type: 'string', description: 'a file of the server; optional if it has one' }, text],
  table: [{ type: 'string', description: 'a vec table; optional if the file has one' }, text],
  dataset: [{ type: 'string', description: 'a dataset; optional if the table has one' }, text],
}

export const FILTER: Parameters = {
  filter: [
    {
      type: 'object',
      description:
        'a condition on meta, for example {"lang": "en", "year": {"$gte": 2020}}; operators: $eq $ne $gt $gte $lt $lte $in $nin $exists $contains $and $or $nor $not',
    },
    object,
  ],
}

export const CURSOR: Parameters = {
  cursor: [{ type: 'string', description: 'the cursor of the previous page' }, text],
}

export const numbers: Check = (where, name, value) => {
  const expected = 'an array of numbers'
  if (!Array.isArray(value) || value.length === 0) throw argumentError(where, name, value, expected)
  const odd = value.findIndex(number => typeof number !== 'number')
  if (odd >= 0) throw argumentError(where, `${name}[${odd}]`, value[odd], 'a number')
}

export const finite: Check = (where, name, value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw argumentError(where, name, value, 'a number')
  }
}

/** A text of limited length. */
export function textUpTo(most: number): Check {
  return (where, name, value) => {
    text(where, name, value)
    const { length } = value as string
    if (length <= most) return
    throw new RangeError(`${where}: ${name} has ${length} characters: expected at most ${most}`)
  }
}

/** An array of ids. */
export function idList(most: number): Check {
  return (where, name, value) => {
    const expected = `an array of 1 to ${most} ids`
    if (!Array.isArray(value)) throw argumentError(where, name, value, expected)
    if (value.length === 0 || value.length > most) {
      throw new RangeError(`${where}: ${name} has ${value.length} ids: expected ${expected}`)
    }
    for (const [i, id] of value.entries()) text(where, `${name}[${i}]`, id)
  }
}

/** The maximum number of documents in a page. */
export function rows({ maxRows }: McpSettings, what: string): Parameters[string] {
  const most = Math.min(10, maxRows)
  const description = `${what}; default ${most}`
  return [{ type: 'integer', minimum: 1, maximum: maxRows, description }, wholeNumber(1, maxRows)]
}

export function defaultRows({ maxRows }: McpSettings): number {
  return Math.min(10, maxRows)
}
