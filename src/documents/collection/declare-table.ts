import { VecError } from '../../core/errors.ts'
import { hasVirtualTables, schemasOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { scalar } from '../../database/query.ts'
import { transaction } from '../../database/transaction.ts'
import { installIfPossible } from '../../search/schema/install.ts'
import { hasTable } from '../../search/schema/layout.ts'
import { catalogOf, quoteName, shadowTableName } from '../../search/schema/names.ts'
import { moduleArguments } from '../../tables/vec/declared-arguments.ts'
import { installTable, isTableInstalled } from '../../tables/vec/install-table.ts'
import { parseVecOptions, type VecOptions } from '../../tables/vec/vec-options.ts'
import { findDeclaration, type Declaration } from './collection-table.ts'

/**
 * A name in the spelling that the main file has for the table of its documents. SQLite does not tell apart upper and
 * lower case, but the journal does.
 */
export function storedSpelling(db: Database, name: string): string {
  const sql = `SELECT name FROM ${catalogOf('main')} WHERE type = 'table' AND lower(name) = lower(?1)`
  const stored = scalar(db, sql, shadowTableName(name)) as string | undefined
  return stored === undefined ? name : stored.slice(shadowTableName('').length)
}

/**
 * Creates the vec table of a declaration in the main file, as far as it is missing, and returns its arguments. In a
 * driver without virtual tables, that is the table of its documents with all that belongs to it. Throws VEC_OPTION for
 * a table that is declared otherwise.
 */
export function declareTable(db: Database, name: string, declaration: string): readonly string[] {
  const args = moduleArguments(declaration)
  const options = parseVecOptions(args, name)
  const find = (): Declaration | undefined => findDeclaration(db, schemasOf(db), name)
  let found = find()
  if (!found && hasVirtualTables(db)) {
    // Another connection may be faster.
    db.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS main.${quoteName(name)} USING vec(${textOf(args)})`)
    found = find()
  }
  if (found) requireSame(found, options, declaration)
  else install(db, name, options)
  return args
}

function install(db: Database, name: string, options: VecOptions): void {
  if (options.dbpath !== undefined) {
    throw new VecError(
      'VEC_OPTION',
      `Collection: the documents of ${name} are in ${options.dbpath}`,
      {
        hint: 'omit dbpath, and open that file',
      },
    )
  }
  const create = (): void => transaction(db, () => installTable(db, 'main', name, options))()
  if (!hasTable(db, 'main', shadowTableName(name))) {
    create()
    return
  }
  installIfPossible(db, 'main', () => {
    if (!isTableInstalled(db, 'main', name, options)) create()
  })
}

function requireSame(
  { name, args }: { readonly name: string; readonly args: readonly string[] },
  wanted: VecOptions,
  declaration: string,
): void {
  if (JSON.stringify(parseVecOptions(args, name)) === JSON.stringify(wanted)) return
  throw new VecError(
    'VEC_OPTION',
    `Collection: ${name} is declared as vec(${textOf(args)}), not as vec(${textOf(moduleArguments(declaration))})`,
    {
      hint: `omit declaration, or change the table: INSERT INTO ${name}(${name}) VALUES ('add column lang TEXT')`,
    },
  )
}

function textOf(args: readonly string[]): string {
  return args.map(arg => arg.trim()).join(', ')
}
