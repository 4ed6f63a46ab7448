import { VecError } from '../core/errors.ts'

/** A position in a source: a line of a file, a row of a table or matrix, an entry of a JSON array. */
export interface Place {
  /** The file, and the table in it. */
  readonly source: string
  readonly unit: 'line' | 'row' | 'rowid' | 'entry' | 'document'
  /** Counted from 1; a rowid is the table's own. */
  readonly at: number
  /** The line on which an entry begins, or on which it is wrong, if known. */
  readonly line?: number | undefined
}

/**
 * An error of an import or export. `place` tells programs where it occurred. `option` names an option of the call
 * that is wrong or missing; the code is then VEC_OPTION, otherwise VEC_SOURCE.
 */
export class InterchangeError extends VecError {
  readonly place: Place | undefined
  readonly option: string | undefined

  constructor(
    message: string,
    options: {
      readonly hint?: string | undefined
      readonly place?: Place | undefined
      readonly option?: string | undefined
      readonly cause?: unknown
    } = {},
  ) {
    const { hint, place, option, cause } = options
    super(option === undefined ? 'VEC_SOURCE' : 'VEC_OPTION', message, {
      ...(hint === undefined ? {} : { hint }),
      cause,
    })
    this.place = place
    this.option = option
  }
}

/** The error for a source that cannot be read, or a document that cannot be stored. The message begins with `place`. */
export function sourceError(message: string, hint?: string, place?: Place): InterchangeError {
  const text = place === undefined ? message : `${placeText(place)}: ${message}`
  return new InterchangeError(text, { hint, place })
}

/** "words.jsonl, line 3" */
export function placeText({ source, unit, at, line }: Place): string {
  return `${source}, ${unit} ${at}${line === undefined ? '' : ` (line ${line})`}`
}

/** The error for an option that is missing, wrong, or contradicts another. */
export function optionError(option: string, message: string, hint?: string): InterchangeError {
  return new InterchangeError(message, { hint, option })
}

/**
 * An option as code writes it: `{ format: "tsv" }`, `{ fields: { id: "key" } }`. The command line converts it to a
 * flag, so messages name options only in this form.
 */
export function optionText(name: string, value?: string | number | boolean): string {
  const [outer, inner] = name.split('.')
  const member = (key: string): string =>
    value === undefined ? key : `${key}: ${JSON.stringify(value)}`
  return inner === undefined ? `{ ${member(outer)} }` : `{ ${outer}: { ${member(inner)} } }`
}
