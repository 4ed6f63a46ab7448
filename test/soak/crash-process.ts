/**
 * A process that is there to be killed: `crash-process.js <path> <seed> <first> <world>`. Random transactions on a large index,
 * numbered from `first`; it says the number of each once it is committed, and what it is about to do.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, type Connection } from '../../src/entries/main.ts'
import { saveStep } from '../../src/search/persistence/index-save.ts'
import { seeded } from '../freshness/seeded.ts'
import { startThreads } from '../threads/pool.ts'
import { CRASH_WORLDS, type CrashWorldName } from './crash-table.ts'

const [path, seed, first, worldName] = process.argv.slice(2)
const random = seeded(Number(seed))
const world = CRASH_WORLDS[worldName as CrashWorldName]
const vector = world.vectors(random)
// Two of three processes save in many steps.
if (Number(seed) % 3 > 0) saveStep.bytes = 65536

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

function transaction(db: Connection, n: number): void {
  const put = db.prepare(
    'INSERT OR REPLACE INTO _vec_docs(dataset_id, id, embedding, scn) VALUES (?, ?, ?, ?)',
  )
  const rows = 20 + Math.floor(random() ** 3 * 400)
  db.transaction(() => {
    if (random() < 0.1) db.prepare(`DELETE FROM _vec_docs WHERE ${world.many}`).run(n)
    if (random() < 0.2) {
      db.exec('UPDATE _vec_docs SET archived = 1 WHERE scn % 3 = 0')
      db.exec('UPDATE _vec_docs SET archived = 0')
    }
    for (let i = 0; i < rows; i++)
      put.run(random() < 0.8 ? 'a' : 'b', `d${Math.floor(random() * world.rows)}`, vector(), n)
    db.prepare(
      'INSERT INTO tally SELECT ?, count(*), coalesce(sum(scn), 0), coalesce(sum(length(embedding)), 0) FROM _vec_docs',
    ).run(n)
  })()
  put.finalize()
  say(String(n))
}

function ask(db: Connection): void {
  const query = db.prepare(
    'SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH ? LIMIT 5',
  )
  for (const dataset of ['a', 'b']) query.all(dataset, vector())
  query.finalize()
}

if (worldName === 'clusters') await startThreads(1)
let db = await open(path)
say('ready')
for (let n = Number(first); ;) {
  const kind = random()
  if (kind < 0.4) {
    say('write')
    transaction(db, n++)
  } else if (kind < 0.7) {
    say('fold')
    ask(db)
  } else if (kind < 0.75) {
    // The index is made again, and saved in the background.
    db.exec('DELETE FROM vector_storage')
    db.close()
    db = await open(path)
    ask(db)
    await sleep(480)
    say('steps')
    await sleep(300)
  } else if (worldName === 'clusters' && kind < 0.85) {
    say('cluster')
    db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'optimize:docs:a'").all()
  } else {
    ask(db)
    say('save')
    db.close()
    say('open')
    db = await open(path)
    ask(db)
  }
}
