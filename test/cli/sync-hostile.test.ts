import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { createDataset, installUpstream } from '../../src/entries/vecsync.ts'
import { sqliteUpstream } from '../../src/entries/vecsync.ts'
import { SVEC } from '../svec-program.ts'
import { openSqlite } from '../sync/sqlite-database.ts'
import { svec, temporaryFolder } from './svec.ts'
import { eventLines } from './sync-servers.ts'
import { openTerminal } from './terminal.ts'

// Names of datasets and documents are somebody else's text: a terminal shows what is in them and obeys none of it.

const terminal = openTerminal()
const folder = temporaryFolder()
const upstream = join(folder, 'upstream.db')
const replica = join(folder, 'replica.sqlite')
const args = ['-u', `sqlite:${upstream}`, '-r', replica]
/** Clears a screen, sets its title, turns text around, quotes its way out of a shell's word. */
const HOSTILE = `d\u001b[2J\u001b]0;owned\u0007\u202e'; touch owned; '\n\u009b31m`
const SHOWN = String.raw`d\u001b[2J\u001b]0;owned\u0007\u202e`

/** What a terminal must not be sent; carriage returns and line ends are its own. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const OBEYED = /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]/

const shown = (...words: readonly string[]): string => {
  const { screen } = terminal!([process.execPath, SVEC, 'sync', ...words, ...args])
  assert.doesNotMatch(screen, OBEYED, words.join(' '))
  return screen
}

describe(
  'svec sync, of names that a terminal would obey',
  { skip: terminal ? false : 'python3 with pty is not here to make a terminal' },
  () => {
    before(async () => {
      const source = sqliteUpstream(() => openSqlite(upstream))
      await installUpstream(source)
      await createDataset(source, HOSTILE)
      const db = openSqlite(upstream)
      db.prepare('INSERT INTO shadow_vec_docs (dataset_id, id, content) VALUES (?, ?, ?)').run(
        HOSTILE,
        HOSTILE,
        'text',
      )
      db.close()
    })

    test('once and run show them on their live line and above it', () => {
      const screen = shown('once')
      assert.ok(screen.includes(SHOWN), screen)
      assert.match(screen, /bootstrap -> live/)
    })

    test('status, lag, verify and repair', () => {
      for (const command of ['status', 'lag', 'verify']) {
        assert.ok(shown(command).includes(SHOWN), command)
      }
      const db = openSqlite(replica)
      db.exec(`UPDATE _vec_docs SET content = CAST(content AS BLOB)`)
      db.exec(`INSERT INTO _vec_docs (dataset_id, id) VALUES ('ghost' || char(27) || '[2J', 'x')`)
      db.close()
      const screen = shown('verify')
      assert.match(screen, /different {2}.*content is stored as BLOB/)
      assert.match(screen, /repair --dataset \$'ghost\\u001b\[2J' removes them/)
      assert.match(shown('repair'), /1 row rewritten/)
    })

    test('a halt names them, and its advice is one word for a shell', () => {
      const db = openSqlite(upstream)
      db.exec(`DELETE FROM vec_dataset_scn`)
      db.close()
      shown('once')
      const screen = shown('status')
      assert.match(screen, /is halted, UPSTREAM_REWOUND/)
      // A quote inside the word is written so that the word goes on.
      assert.ok(screen.includes(String.raw`\'; touch owned; \'`), screen)
    })

    test('JSON is exact, on a terminal and in a pipe', async () => {
      const piped = await svec(['sync', 'status', ...args, '--json'])
      const { datasets } = JSON.parse(piped.stdout) as { datasets: { datasetId: string }[] }
      assert.equal(datasets[0].datasetId, HOSTILE)
      const onScreen = JSON.parse(shown('status', '--json')) as {
        datasets: { datasetId: string }[]
      }
      assert.equal(onScreen.datasets[0].datasetId, HOSTILE)
      const other = join(folder, 'other.sqlite')
      const { stdout } = await svec(['sync', 'once', '-u', `sqlite:${upstream}`, '-r', other])
      const named = eventLines(stdout).filter(({ datasetId }) => datasetId !== undefined)
      assert.ok(named.length > 0)
      assert.ok(named.every(({ datasetId }) => datasetId === HOSTILE))
    })
  },
)
