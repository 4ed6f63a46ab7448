export { doubleQuoted } from '../core/quote.ts'

/** The version of the log's contract. It is stored in the upstream and checked by each reader. */
export const PROTOCOL = 2

/** The default name of the table of documents. */
export const SHADOW_TABLE = 'shadow_vec_docs'

/** Unquoted names of the replication tables. With the prefix `vec_` they are the original's. */
export interface SyncNames {
  readonly prefix: string
  readonly upstream: string
  readonly dataset: string
  readonly counter: string
  readonly log: string
  readonly replica: string
  readonly request: string
  /** A view with the original's `vec_dataset.last_scn`. */
  readonly lastScn: string
  readonly state: string
  readonly lease: string
  readonly dead: string
  readonly identity: string
}

export function syncNames(prefix = 'vec_'): SyncNames {
  if (prefix !== '') checkName(prefix, 24)
  return {
    prefix,
    upstream: `${prefix}upstream`,
    dataset: `${prefix}dataset`,
    counter: `${prefix}dataset_scn`,
    log: `${prefix}shadow_log`,
    replica: `${prefix}replica`,
    request: `${prefix}write_request`,
    lastScn: `${prefix}dataset_last_scn`,
    state: `${prefix}sync_state`,
    lease: `${prefix}sync_lease`,
    dead: `${prefix}sync_dead`,
    identity: `${prefix}sync_identity`,
  }
}

/** The maximum of 48 characters leaves space for the suffixes of triggers and guards in every database. */
export function checkTableName(name: string): string {
  checkName(name, 48)
  if (/^(main|temp)\./.test(name)) {
    const plain = name.slice(name.indexOf('.') + 1)
    throw new TypeError(`the table name ${JSON.stringify(name)} includes a schema: write ${plain}`)
  }
  return name
}

function checkName(name: string, maximum: number): void {
  if (typeof name !== 'string' || name === '' || name.length > maximum) {
    throw new TypeError(`expected a name of 1 to ${maximum} characters, got ${quoted(name)}`)
  }
  for (const character of name) {
    if (character < ' ' || character === '\\' || character === '\u007f') {
      throw new TypeError(`a name cannot contain control characters or \\: ${quoted(name)}`)
    }
  }
}

const quoted = (name: unknown): string => JSON.stringify(name) ?? String(name)

/** The name in backquotes, as MySQL writes it. */
export const backQuoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``

/** A string literal. Names that could contain a backslash were refused before. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
