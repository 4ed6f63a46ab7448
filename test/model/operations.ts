import type { Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import type { World } from './world.ts'

type Operation = (world: World, db: Connection, table: string) => void

const KEY = 'dataset_id = ? AND id = ?'

function insert(how: string): Operation {
  return (world, db, table) =>
    world.run(
      db,
      `${how} INTO ${table}(dataset_id, id, embedding, code) VALUES (?, ?, ?, ?)`,
      world.dataset(),
      world.id(),
      world.embedding(),
      world.dice.chance(0.3) ? `c${world.dice.below(4)}` : null,
    )
}

function update(
  set: string,
  value: (world: World) => string | number | null,
  how = 'UPDATE',
): Operation {
  return (world, db, table) =>
    world.run(
      db,
      `${how} ${table} SET ${set} WHERE ${KEY}`,
      value(world),
      world.dataset(),
      world.id(),
    )
}

function sql(text: string): Operation {
  return (world, db, table) =>
    world.run(db, text.replaceAll('{t}', table).replaceAll('{s}.', table.split('.')[0] + '.'))
}

/** Operations and how often each comes. */
const operations: [weight: number, operation: Operation][] = [
  [12, insert('INSERT')],
  [14, insert('INSERT OR REPLACE')],
  [4, insert('INSERT OR IGNORE')],
  [
    4,
    (world, db, table) =>
      world.run(
        db,
        `INSERT INTO ${table}(dataset_id, id, embedding) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET embedding = excluded.embedding, archived = 0`,
        world.dataset(),
        world.id(),
        world.embedding(),
      ),
  ],
  [
    10,
    (world, db, table) =>
      world.run(
        db,
        `UPDATE ${table} SET embedding = ? WHERE ${KEY}`,
        world.embedding(),
        world.dataset(),
        world.id(),
      ),
  ],
  [5, update('id = ?', world => world.id())],
  [4, update('id = ?', world => world.id(), 'UPDATE OR REPLACE')],
  [4, update('dataset_id = ?', world => world.dataset())],
  [3, update('dataset_id = ?', world => world.dataset(), 'UPDATE OR REPLACE')],
  [5, update('archived = ?', world => world.dice.below(2))],
  [3, update('code = ?', world => `c${world.dice.below(4)}`, 'UPDATE OR REPLACE')],
  [1, update('content = ?', () => 'text')],
  [
    12,
    (world, db, table) =>
      world.run(db, `DELETE FROM ${table} WHERE ${KEY}`, world.dataset(), world.id()),
  ],
  [1, sql("DELETE FROM {t} WHERE id LIKE '%3'")],
  [1, sql("UPDATE {t} SET archived = 1 - archived WHERE id LIKE '%2'")],
  [
    0.2,
    (world, db, table) =>
      world.run(db, `DELETE FROM ${table} WHERE dataset_id = ?`, world.dataset()),
  ],
  [2, swap],
  [2, replaceByRowid],
  [1, sql('UPDATE {t} SET rowid = rowid + 1000 WHERE rowid = (SELECT min(rowid) FROM {t})')],
  [8, sql('BEGIN')],
  [2, sql('BEGIN IMMEDIATE')],
  [10, sql('COMMIT')],
  [6, sql('ROLLBACK')],
  [6, sql('SAVEPOINT one')],
  [4, sql('SAVEPOINT two')],
  [5, sql('ROLLBACK TO one')],
  [4, sql('ROLLBACK TO two')],
  [4, sql('RELEASE one')],
  [2, sql('RELEASE two')],
  [0.3, sql('VACUUM')],
  [0.4, sql('DELETE FROM {s}.vec_journal')],
  [0.4, sql('DELETE FROM {s}.vec_journal WHERE seq % 3 = 0')],
  [0.3, sql('UPDATE {s}.vec_journal SET tag = tag + 1, id = dataset_id WHERE seq % 2 = 0')],
  [0.1, sql('DELETE FROM {s}.vec_journal_state')],
  [0.2, sql('DELETE FROM {s}.vector_storage')],
  [0.2, sql('DELETE FROM {s}.vector_storage_chunks WHERE rowid % 2')],
  [0.2, sql('UPDATE {s}.vector_storage_chunks SET data = substr(data, 2)')],
  [0.2, sql('UPDATE {s}.vector_storage SET "index" = substr("index", 1, length("index") - 1)')],
  [0.2, dropTrigger('inserted')],
  [0.2, dropTrigger('updated')],
  [0.2, dropTrigger('deleted')],
  [0.1, sql('DROP TABLE {s}.vec_journal')],
  [2, forget],
  [0.15, remake],
  [0.2, rebuildTable],
]

const total = operations.reduce((sum, [weight]) => sum + weight, 0)

function swap(world: World, db: Connection, table: string): void {
  const [dataset, one, two] = [world.dataset(), world.id(), world.id()]
  const rename = `UPDATE ${table} SET id = ? WHERE ${KEY}`
  world.run(db, rename, 'between', dataset, one)
  world.run(db, rename, one, dataset, two)
  world.run(db, rename, two, dataset, 'between')
}

function replaceByRowid(world: World, db: Connection, table: string): void {
  if (/WITHOUT ROWID/.test(world.shadow)) return
  world.run(
    db,
    `INSERT OR REPLACE INTO ${table}(rowid, dataset_id, id, embedding)
     SELECT rowid, ?, ?, ? FROM ${table} ORDER BY rowid LIMIT 1 OFFSET ?`,
    world.dataset(),
    world.id(),
    world.embedding(),
    world.dice.below(8),
  )
}

function dropTrigger(event: string): Operation {
  return (world, db, table) => {
    world.run(db, `DROP TRIGGER ${table.split('.')[0]}.vec_journal__vec_docs_${event}`)
    world.run(db, `DELETE FROM ${table} WHERE ${KEY}`, world.dataset(), world.id())
  }
}

/** Memory is short: an index is forgotten, and the next query loads or builds it. */
function forget(world: World, db: Connection, table: string): void {
  const file = db.fileKey(table.split('.')[0])
  world.log.push(`forget ${table}`)
  indexCache.forget(file, '_vec_docs', world.dice.chance(0.5) ? world.dataset() : undefined)
}

/** The shadow table goes, and comes back empty. */
function remake(world: World, db: Connection, table: string): void {
  if (world.large) return
  world.run(db, `DROP TABLE ${table}`)
  world.run(db, `CREATE TABLE IF NOT EXISTS ${table} ${world.shadow}`)
  insert('INSERT')(world, db, table)
}

/** The way in which SQLite's manual changes a table: a copy takes its place. */
function rebuildTable(world: World, db: Connection, table: string): void {
  if (db.inTransaction) return
  const schema = table.split('.')[0]
  world.run(db, `BEGIN; CREATE TABLE ${schema}.copy ${world.shadow}`)
  if (!db.inTransaction) return
  world.run(db, `INSERT INTO ${schema}.copy SELECT * FROM ${table} WHERE id NOT LIKE '%1'`)
  world.run(db, `DROP TABLE ${table}`)
  world.run(db, `ALTER TABLE ${schema}.copy RENAME TO _vec_docs`)
  world.run(db, 'COMMIT')
  if (db.inTransaction) world.run(db, 'ROLLBACK')
}

/** One random statement, or a few, on one of the connections. */
export function operate(world: World): void {
  const { dice, connections } = world
  const db = dice.pick(connections)
  const other = db === connections[0] && world.attached && dice.chance(0.25)
  let at = dice.next() * total
  for (const [weight, operation] of operations) {
    at -= weight
    if (at >= 0) continue
    operation(world, db, other ? 'other._vec_docs' : 'main._vec_docs')
    return
  }
}
