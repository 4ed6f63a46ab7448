import { doubleQuoted } from '../core/quote.ts'
import type { Connection } from '../entries/main.ts'
import type { DeclaredColumn, TableDescription } from '../entries/vec.ts'
import { CliError, usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Flags } from './flags.ts'

export const COLUMN_OPTION: CommandOptions = {
  column: {
    type: 'string',
    value: 'name=TYPE',
    multiple: true,
    description: "declare a column, read from meta: lang=TEXT, 'by=TEXT FROM $.author.name'",
  },
}

const FORM = /^\s*([^\s=](?:[^=]*[^\s=])?)\s*=\s*([a-z]+)(?:\s+from\s+(\S.*?))?\s*$/i

/** The columns of --column. They are read from meta, where `svec import` collects the fields of documents. */
export function givenColumns(flags: Flags): GivenColumn[] {
  return flags.texts('column').map(text => {
    const match = FORM.exec(text)
    if (!match) {
      throw usageError(
        `--column cannot be '${text}': expected name=TYPE`,
        "for example --column lang=TEXT, or --column 'by=TEXT FROM $.author.name'; types are TEXT, INTEGER, REAL, JSON",
      )
    }
    const [, name, type, path = pathOf(name)] = match
    return new GivenColumn(name, type.toUpperCase(), unquoted(path))
  })
}

/** A column as declared on the command line. */
export class GivenColumn {
  readonly #name: string
  readonly #type: string
  readonly #path: string

  constructor(name: string, type: string, path: string) {
    this.#name = name
    this.#type = type === 'INT' ? 'INTEGER' : type
    this.#path = path
  }

  /** The SQL for CREATE VIRTUAL TABLE and 'add column', which check name, type and path. */
  get sql(): string {
    return `${doubleQuoted(this.#name)} ${this.#type} FROM ${quoted(this.#path)}`
  }

  /** Whether the table already has the column. Throws if it has another column of this name. */
  isIn({ name, declared }: TableDescription): boolean {
    const wanted = this.#name.toLowerCase()
    const known = declared.find(column => column.name.toLowerCase() === wanted)
    if (!known) return false
    if (known.type === this.#type && known.from === this.#path) return true
    throw new CliError(
      'CLI_USAGE',
      `the table ${name} already has the column ${declarationText(known)}`,
      { hint: `${this.sql} needs another name` },
    )
  }
}

/** Declares the columns that the table lacks. Repeating a command is not an error. */
export function declareColumns(
  db: Connection,
  table: TableDescription,
  columns: readonly GivenColumn[],
): void {
  const name = doubleQuoted(table.name)
  const missing = columns.filter(column => !column.isIn(table))
  db.transaction(() => {
    for (const { sql } of missing) {
      db.prepare(`INSERT INTO main.${name}(${name}) VALUES (?)`).run(`add column ${sql}`)
    }
  })()
}

/** The SQL of a declared column. */
export function declarationText({ name, type, from }: DeclaredColumn): string {
  const column = `${/^[a-z_]\w*$/i.test(name) ? name : doubleQuoted(name)} ${type}`
  return from === undefined ? column : `${column} FROM ${quoted(from)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function pathOf(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? `$.${name}` : `$.${JSON.stringify(name)}`
}

/** A path may also be in SQL quotes. */
function unquoted(path: string): string {
  return /^'.*'$/.test(path) ? path.slice(1, -1).replaceAll("''", "'") : path
}
