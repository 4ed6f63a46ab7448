import { argumentError, requireObject } from '../core/argument-error.ts'
import { callback, checkOptions, flag, text, wholeNumber } from '../core/check-options.ts'
import { requireDatabase } from '../database/require-database.ts'
import type { EmbedFunc } from '../documents/embed.ts'
import type { Connection } from '../sqlite/connection.ts'
import { BYTES_A_ROW, BYTES_OF_NAMES } from './budget.ts'

/** A database that the server offers. */
export interface McpSource {
  /** The name by which clients choose it, for example `docs.sqlite`. */
  readonly name: string
  /** A connection, or a function that returns the current one. The server calls it for every request. */
  readonly db: Connection | (() => Connection | Promise<Connection>)
}

export interface McpServerOptions {
  readonly sources: readonly McpSource[]
  /** Offers the tools `upsert` and `delete`; default false. */
  readonly write?: boolean | undefined
  /** Embeds the texts of searches and of new documents. Without it, texts are searched by their words. */
  readonly embed?: EmbedFunc | undefined
  /** The name of the model behind `embed`. It must be that of the dataset. Default: that of the dataset. */
  readonly model?: string | undefined
  /** The maximum number of documents that a request reads or writes; default 50. */
  readonly maxRows?: number | undefined
  /** The maximum size of an answer, in bytes of JSON; default 100,000. Longer contents are cut, and read in parts. */
  readonly maxBytes?: number | undefined
}

/** Checked options, with the defaults. */
export interface McpSettings {
  readonly sources: readonly McpSource[]
  readonly write: boolean
  readonly embed: EmbedFunc | undefined
  readonly model: string | undefined
  readonly maxRows: number
  readonly maxBytes: number
}

const WHERE = 'createServer()'
const DEFAULT_ROWS = 50
const DEFAULT_BYTES = 100_000

export function readMcpOptions(options: McpServerOptions): McpSettings {
  checkOptions(WHERE, options, {
    sources: requireSources,
    write: flag,
    embed: callback,
    model: text,
    maxRows: wholeNumber(1, 1000),
    maxBytes: wholeNumber(BYTES_OF_NAMES, 8_000_000),
  })
  const { sources, write = false, embed, model } = options
  requireSources(WHERE, 'options.sources', sources)
  const { maxRows = DEFAULT_ROWS, maxBytes = DEFAULT_BYTES } = options
  const least = BYTES_OF_NAMES + maxRows * BYTES_A_ROW
  if (maxBytes < least) {
    throw new RangeError(
      `${WHERE}: maxBytes is ${maxBytes} for ${maxRows} rows: expected at least ${least}`,
    )
  }
  return { sources, write, embed, model, maxRows, maxBytes }
}

function requireSources(where: string, name: string, sources: unknown): void {
  const expected = 'an array with at least one { name, db }'
  if (!Array.isArray(sources) || sources.length === 0) {
    throw argumentError(where, name, sources, expected)
  }
  const names = new Set<string>()
  for (const [i, source] of sources.entries()) {
    requireObject(where, `${name}[${i}]`, source, 'an object with name and db')
    const { name: given, db } = source as Partial<McpSource>
    text(where, `${name}[${i}].name`, given)
    if (names.has(given!)) {
      throw new RangeError(`${where}: two sources are named '${given}': expected different names`)
    }
    names.add(given!)
    if (typeof db !== 'function') requireDatabase(where, db)
  }
}
