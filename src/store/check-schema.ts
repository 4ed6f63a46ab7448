import type { Defect, Inspected } from './defect.ts'
import { exportTriggers, hasExportTriggers, hasOriginalIndex } from './export-triggers.ts'
import { finding } from './finding.ts'
import {
  GUARD_TRIGGERS,
  hasTable,
  JOURNAL,
  JOURNAL_STATE,
  storedText,
  SUPPORT_TABLES,
  type SchemaObject,
} from './layout.ts'
import { quoteName } from './names.ts'
import type { ShadowTable } from './shadow-table.ts'

/** Journal and triggers: whether every change to the rows is seen. */
export function checkSchema({ searcher, remedy }: Inspected): Defect[] {
  const { shadow } = searcher
  const shape = shadow.refresh()
  const found: Defect[] = []
  const mended = remedy('repair', '')
  if (!shape.unique) {
    const index = `${shadow.name}_key`
    found.push(
      finding(
        'error',
        'shadow-table',
        `${shadow.name} has no unique index on (dataset_id, id): every query reads the whole dataset`,
        {
          remedy: `CREATE UNIQUE INDEX ${quoteName(shadow.schema)}.${quoteName(index)} ON ${quoteName(shadow.name)}(dataset_id, id)`,
        },
      ),
    )
  }
  const journalTables = SUPPORT_TABLES.filter(
    ({ name }) => name === JOURNAL || name === JOURNAL_STATE,
  )
  const foreign = shadow.foreignTriggers()
  const [missingTables, otherTables] = compare(shadow, journalTables)
  if (otherTables.length > 0) {
    found.push({
      ...finding(
        'error',
        'journal',
        `${otherTables.join(', ')} is not as this library makes it: every query reads the whole dataset`,
        {
          remedy: mended,
        },
      ),
      mend: () => {
        for (const { name } of journalTables) {
          shadow.db.exec(`DROP TABLE IF EXISTS ${quoteName(shadow.schema)}.${quoteName(name)}`)
        }
        shadow.installHere()
        return 'the journal was made anew'
      },
      rebuild: true,
    })
  } else if (missingTables.length > 0) {
    found.push({
      ...finding(
        'warning',
        'journal',
        `${missingTables.join(', ')} is not there: changes go by unseen, and queries read the whole dataset until it is made`,
        {
          remedy: mended,
        },
      ),
      mend: () => {
        shadow.installHere()
        return 'the journal was made'
      },
      rebuild: true,
    })
  } else if (!hasState(shadow)) {
    found.push({
      ...finding(
        'warning',
        'journal',
        `the row of ${JOURNAL_STATE} is not there: no index can be trusted`,
        {
          remedy: mended,
        },
      ),
      mend: () => {
        shadow.installHere()
        return 'the state of the journal was made'
      },
      rebuild: true,
    })
  }
  const [missing, other] = compare(shadow, [...GUARD_TRIGGERS, ...shape.triggers])
  const wrong = [
    ...missing.map(name => `${name} is missing`),
    ...other.map(name => `${name} is another`),
  ]
  if (wrong.length > 0) {
    found.push({
      ...finding(
        'warning',
        'triggers',
        `changes may go by unseen, and queries read the whole dataset until it is mended: ${wrong.join(', ')}`,
        { remedy: mended },
      ),
      mend: () => {
        shadow.installHere()
        return `triggers made: ${[...missing, ...other].join(', ')}`
      },
      rebuild: true,
    })
  }
  if (foreign.length > 0) {
    found.push({
      ...finding(
        'warning',
        'triggers',
        `triggers of the original call a function that other programs lack, so that those cannot write the table: ${foreign.join(', ')}`,
        { remedy: mended },
      ),
      mend: () => {
        shadow.installHere()
        return `triggers of the original replaced: ${foreign.join(', ')}`
      },
      rebuild: true,
    })
  }
  if (found.length === 0) {
    found.push(
      finding(
        'ok',
        'triggers',
        'every change to the table is seen: the journal and its triggers are in place',
      ),
    )
  }
  return [...found, ...checkExportTriggers(shadow, mended)]
}

/** Triggers that guard an index written for the original: all of them while there is one, none otherwise. */
function checkExportTriggers(shadow: ShadowTable, remedy: string): Defect[] {
  const { db, schema } = shadow
  const names = exportTriggers(shadow.name).map(({ name }) => name)
  const there = names.filter(name => shadow.storedSql(name) !== undefined)
  if (there.length === 0) return []
  if (hasOriginalIndex(db, schema, shadow.name)) {
    if (hasExportTriggers(db, schema, shadow.name)) return []
    return [
      {
        ...finding(
          'warning',
          'triggers',
          `the triggers that delete indexes of the original when rows change are not whole: ${there.join(', ')}`,
          { remedy },
        ),
        mend: () => {
          shadow.dropExported()
          return 'indexes for the original and what is left of their triggers deleted: export them again'
        },
      },
    ]
  }
  return [
    {
      ...finding(
        'info',
        'triggers',
        `triggers of an index for the original that is gone: ${there.join(', ')}`,
        {
          remedy,
        },
      ),
      mend: () => {
        shadow.dropExported()
        return `triggers of an index for the original that is gone: deleted`
      },
    },
  ]
}

/** Names of the objects that are missing, and of those that are there with another text. */
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
  const statement = db.prepare(
    `SELECT count(*) FROM ${quoteName(schema)}.${JOURNAL_STATE} WHERE id = 1`,
  )
  try {
    return statement.pluck().get() === 1
  } finally {
    statement.finalize()
  }
}
