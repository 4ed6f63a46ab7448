import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { seededTest } from '../seed.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { RawConnection, seeded, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

/*
 * Two writers of ours and a native one on one file in WAL mode are killed together, again and again. WAL_KILLS sets how many
 * processes die (300 for a full run), WAL_SEED replays the delays.
 */
const kills = Number(process.env['WAL_KILLS'] ?? 18)
const support = lockSupport()
const skip = support.kind === 'ofd' ? noShell() : support.reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()

const writers = [
  ['ofd', 'one'],
  ['ofd', 'two'],
  ['native', 'three'],
] as const
const check =
  'PRAGMA integrity_check; SELECT n FROM counter ORDER BY rowid; SELECT count(*) FROM log'

seededTest('WAL_SEED', { WAL_KILLS: kills })(
  `writers of both kinds that are killed together lose nothing: ${kills} kills`,
  { skip },
  async (t, seed) => {
    const path = join(folder, 'killed.sqlite')
    const made = RawConnection.open(sqlite, path)
    made.all(
      `PRAGMA journal_mode = WAL; CREATE TABLE counter(who, n); CREATE TABLE log(who, n, body);
       INSERT INTO counter VALUES('one', 0), ('two', 0), ('three', 0)`,
    )
    made.close()
    const random = seeded(seed)
    const rounds = Math.ceil(kills / writers.length)
    let last = [0, 0, 0]
    for (let round = 0; round < rounds; round++) {
      const children = writers.map(
        ([engine, who], n) => new Child(engine, path, 'count', who, String(last[n] + 1)),
      )
      await Promise.all(children.map(child => child.line('ready')))
      await sleep(random() ** 2 * 150)
      const said = await Promise.all(
        children.map(async (child, n) => {
          const lines = await child.kill()
          const wrong = lines.find(line => !/^(ready|\d+)$/.test(line))
          assert.equal(wrong, undefined, `round ${round}, ${writers[n][1]}`)
          return Number(lines.at(-1)) || last[n]
        }),
      )
      const found = round % 2 === 0 ? ours(path) : shell(path, check)
      assert.equal(found[0], 'ok', `round ${round}: ${found[0]}`)
      const counted = found.slice(1, 4).map(Number)
      for (const [n, [, who]] of writers.entries())
        assert.ok(
          counted[n] === said[n] || counted[n] === said[n] + 1,
          `round ${round}, ${who}: ${said[n]} were committed, ${counted[n]} are there`,
        )
      assert.equal(Number(found[4]), counted[0] + counted[1] + counted[2], `round ${round}: rows`)
      last = counted
    }
    t.diagnostic(`${rounds * writers.length} kills, ${last.join(' + ')} transactions`)
  },
)

function ours(path: string): string[] {
  const db = RawConnection.open(sqlite, path)
  try {
    return db.all(check)
  } finally {
    db.close()
  }
}
