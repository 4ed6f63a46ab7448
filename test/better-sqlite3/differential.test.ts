import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import Ours from '../../src/entries/better-sqlite3.ts'
import { random as randomNumbers } from '../indexes/random.ts'
import { loadDriver } from '../load-driver.ts'
import { seededTest } from '../seed.ts'
import { PROGRAMS, type Program } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'differential-'))
after(() => rmSync(folder, { recursive: true }))

type Class = typeof Ours

/** The native driver, where it was built for this Node. */
const Native = loadDriver('better-sqlite3') as Class | undefined
const skip = Native === undefined && 'better-sqlite3 was not built for this Node'

let folders = 0

/** What a program returns, or the kind of what it throws. */
function outcome(D: Class, program: Program): unknown {
  const db = new D(':memory:')
  try {
    return { value: program(db, D, mkdtempSync(join(folder, `${++folders}-`))) }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    return { error: error.constructor.name, code: (error as { code?: string }).code }
  } finally {
    if (db.open) db.close()
  }
}

describe('the same program on native better-sqlite3', { skip }, () => {
  for (const [name, program] of Object.entries(PROGRAMS))
    test(name, () => assert.deepEqual(outcome(Ours, program), outcome(Native!, program)))
})

seededTest('INDEX_SEED')('random values go in and come out as they do there', { skip }, () => {
  const numbers = randomNumbers(12_000)
  const random = (): number => numbers.next()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  const value = (): unknown =>
    pick([
      () => Math.round((random() - 0.5) * 2 ** Math.floor(random() * 60)),
      () => (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20),
      () => BigInt(Math.round((random() - 0.5) * 2 ** 62)),
      () => 'äb"\0\n𝔸x'.repeat(Math.floor(random() * 30)),
      () => Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => random() * 256)),
      () => null,
      () => undefined,
    ])()
  const rows = Array.from({ length: 300 }, () => [value(), value(), value()])
  const results = [Ours, Native!].map(D => {
    const db = new D(':memory:')
    db.exec('CREATE TABLE t(a INTEGER, b TEXT, c)')
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?)')
    db.transaction(() => rows.forEach(row => insert.run(row)))()
    const read = db
      .prepare('SELECT a, b, c, typeof(a), typeof(b), typeof(c), quote(c) FROM t')
      .raw()
    const all = [read.all(), read.safeIntegers().all(), [...read.iterate()]]
    db.close()
    return all
  })
  assert.deepEqual(results[0], results[1])
})
