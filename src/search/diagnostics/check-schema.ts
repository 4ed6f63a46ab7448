import { isSameType } from '../../core/embedding-type.ts'
import { numberOf } from '../../database/query.ts'
import {
  GUARD_TRIGGERS,
  hasTable,
  JOURNAL_STATE,
  JOURNAL_TABLES,
  storedText,
  SUPPORT_TABLES,
  type SchemaObject,
} from '../schema/layout.ts'
import { quoteName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { diagnostic, type Severity } from './diagnostic.ts'
import type { Problem, Inspection } from './problem.ts'

/** Checks journal and triggers: whether every change to the rows is recorded. */
export function checkSchema(inspection: Inspection): Problem[] {
  const { searcher, fix } = inspection
  const { shadow } = searcher
  const schema = quoteName(shadow.schema)
  const shape = shadow.refresh()
  const repairing = fix('repair', '')
  const found: Problem[] = []
  const say = (severity: Severity, topic: string, op: string, done: string): void => {
    const repair = (): string => {
      shadow.installHere()
      return done
    }
    found.push({ ...diagnostic(severity, topic, op, { fix: repairing }), repair, rebuild: true })
  }
  if (!shape.unique) {
    found.push(
      diagnostic(
        'error',
        'shadow-table',
        `${shadow.name} lacks a unique index on (${shadow.documents.key.join(', ')}), so every query reads the whole dataset`,
        {
          fix: `CREATE UNIQUE INDEX ${schema}.${quoteName(`${shadow.name}_key`)} ON ${quoteName(shadow.name)}(${shadow.documents.key.join(', ')})`,
        },
      ),
    )
  }
  const { type = shape.type } = searcher.context
  if (!isSameType(type, shape.type)) {
    found.push(
      diagnostic(
        'warning',
        'shadow-table',
        `the table is declared with type=${type.name}, but ${shadow.name} declares its embeddings as ${shape.type.declared}, and they are read and written as such: create the table again with the other type`,
      ),
    )
  }
  const [missingTables, otherTables] = compare(shadow, JOURNAL_TABLES)
  if (otherTables.length > 0) {
    // SQLite cannot drop a table while a SELECT runs, as this one does, so the user must do it. Nothing else can be
    // repaired before.
    const [name] = otherTables
    found.push(
      diagnostic(
        'error',
        'journal',
        `${name} differs from the table of that name that this library creates, so every query reads the whole dataset, and writes may fail: drop it, then repair`,
        { fix: `DROP TABLE ${schema}.${quoteName(name)}` },
      ),
    )
    return found
  }
  if (missingTables.length > 0) {
    say(
      'warning',
      'journal',
      `${missingTables.join(', ')} is missing: changes are not recorded, so queries read the whole dataset until it exists`,
      'the journal was created',
    )
  } else if (!hasState(shadow)) {
    say(
      'warning',
      'journal',
      `the row of ${JOURNAL_STATE} is missing: indexes cannot be trusted`,
      'the state of the journal was created',
    )
  }
  const unsaved = compare(shadow, SUPPORT_TABLES)[0].filter(name => !missingTables.includes(name))
  if (unsaved.length > 0) {
    const names = unsaved.join(', ')
    say(
      'warning',
      'storage',
      `${names} is missing: indexes cannot be saved`,
      `tables created: ${names}`,
    )
  }
  const [missing, other] = compare(shadow, [...GUARD_TRIGGERS, ...shape.triggers])
  if (missing.length + other.length > 0) {
    const wrong = [
      ...missing.map(name => `${name} is missing`),
      ...other.map(name => `${name} differs`),
    ]
    say(
      'warning',
      'triggers',
      `changes may not be recorded, so queries read the whole dataset until this is repaired: ${wrong.join(', ')}`,
      `triggers created: ${[...missing, ...other].join(', ')}`,
    )
  }
  found.push(...inspection.foreign.triggers(inspection))
  if (found.length === 0) {
    found.push(
      diagnostic(
        'ok',
        'triggers',
        'every change to the table is recorded: the journal and its triggers are in place',
      ),
    )
  }
  return [...found, ...inspection.foreign.guards(inspection)]
}

/** The names of missing objects, and of objects whose text differs. */
function compare(shadow: ShadowTable, objects: readonly SchemaObject[]): [string[], string[]] {
  const missing: string[] = []
  const other: string[] = []
  for (const object of objects) {
    const text = shadow.storedSql(object.name)
    if (text === undefined) missing.push(object.name)
    else if (text !== storedText(object)) other.push(object.name)
  }
  return [missing, other]
}

function hasState({ db, schema }: ShadowTable): boolean {
  if (!hasTable(db, schema, JOURNAL_STATE)) return false
  return (
    numberOf(db, `SELECT count(*) FROM ${quoteName(schema)}.${JOURNAL_STATE} WHERE id = 1`) === 1
  )
}
