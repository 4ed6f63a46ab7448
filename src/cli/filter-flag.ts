import { jsonProblem } from '../core/json-error.ts'
import type { RowCondition } from '../entries/interchange.ts'
import { usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Flags } from './flags.ts'

export const FILTER_OPTION: CommandOptions = {
  filter: {
    type: 'string',
    value: 'condition',
    description: `only these documents: '{"lang": "en"}' on metadata, or SQL: "id > 'm'"`,
  },
}

/** The value is JSON of the filter language, or else SQL, which never begins with a brace. */
export function filterOf(flags: Flags): RowCondition | undefined {
  const text = flags.text('filter')
  if (text?.trimStart().startsWith('{') !== true) return text
  try {
    return JSON.parse(text) as RowCondition
  } catch {
    throw usageError(
      `--filter begins like JSON, but is not valid: ${jsonProblem(text)}`,
      `for example --filter '{"lang": "en", "year": {"$gte": 2020}}'`,
    )
  }
}
