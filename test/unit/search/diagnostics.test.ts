import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../../../src/search/diagnostics/check.ts'
import type { Diagnostic } from '../../../src/search/diagnostics/diagnostic.ts'
import type { Inspection } from '../../../src/search/diagnostics/problem.ts'
import { repair } from '../../../src/search/diagnostics/repair.ts'
import { Searcher } from '../../../src/search/query/searcher.ts'
import { assertNames } from '../../refusal.ts'
import { specOf, TableWorld } from './table-world.ts'

class CheckedTable extends TableWorld {
  readonly inspection: Inspection
  readonly #searcher: Searcher

  constructor() {
    super()
    for (const [i, id] of ['a', 'b', 'c'].entries()) this.put(id, [1, i])
    this.#searcher = new Searcher({ shadow: this.shadow, spec: specOf(), mayInstall: true })
    this.inspection = {
      searcher: this.#searcher,
      foreign: {
        triggers: () => [],
        guards: () => [],
        saved: () => assert.fail('every saved index is ours'),
      },
      fix: (word, dataset) => `${word}:${dataset}`,
    }
  }

  /** What is wrong, by severity and topic. */
  get problems(): string[] {
    return this.found.map(({ severity, topic }) => `${severity} ${topic}`).toSorted()
  }

  get found(): Diagnostic[] {
    return check(this.inspection, ['d']).filter(({ severity }) => /warning|error/.test(severity))
  }

  override [Symbol.dispose](): void {
    this.#searcher.dispose()
    super[Symbol.dispose]()
  }
}

test('a sound table has no problem, and a check changes nothing', () => {
  using world = new CheckedTable()
  const { db } = world
  const changes = (): unknown => db.prepare('SELECT total_changes()').pluck().get()
  const before = changes()
  assert.deepEqual(world.problems, [])
  assert.equal(changes(), before)
})

/** What breaks a table, how the check calls it, and what its sentence names. */
const REPAIRABLE: readonly [
  what: string,
  sql: string,
  problem: string,
  names: (string | number)[],
][] = [
  [
    'a trigger is gone',
    'DROP TRIGGER vec_journal__vec_docs_inserted',
    'warning triggers',
    ['vec_journal__vec_docs_inserted'],
  ],
  [
    'the state is out of range',
    'UPDATE vec_journal_state SET epoch = -1',
    'warning journal',
    ['vec_journal_state'],
  ],
  [
    'an entry is out of range',
    "INSERT INTO vec_journal(seq, tag) VALUES (9, 'x')",
    'warning journal',
    [1, 'vec_journal'],
  ],
  [
    'an index of a lost dataset is stored',
    "INSERT INTO vector_storage VALUES ('main._vec_docs', 'gone', x'53565431')",
    'warning orphans',
    [1, 'vector_storage'],
  ],
  [
    'an index of a lost table is stored',
    "INSERT INTO vector_storage VALUES ('main._vec_lost', 'd', x'53565431')",
    'warning orphans',
    [1, 'vector_storage'],
  ],
  [
    'blocks of no index are stored',
    "INSERT INTO vector_storage_chunks VALUES ('main._vec_docs', 'd', 's', 0, x'00')",
    'warning orphans',
    [1, 'vector_storage_chunks'],
  ],
  [
    'a saved index is damaged',
    "INSERT INTO vector_storage VALUES ('main._vec_docs', 'd', x'5356543100')",
    'warning storage',
    [],
  ],
]

for (const [what, sql, problem, names] of REPAIRABLE) {
  test(`${what}: it is found, repaired, and not found again`, () => {
    using world = new CheckedTable()
    world.db.exec(sql)
    world.shadow.distrust()
    assert.deepEqual(world.problems, [problem])
    const [{ op, fix }] = world.found
    assertNames(op, ...names)
    assert.match(fix!, /^repair:d?$/)
    const done = repair(world.inspection, ['d'])
    assert.ok(
      done.every(({ severity }) => severity === 'ok' || severity === 'info'),
      JSON.stringify(done),
    )
    assert.deepEqual(world.problems, [])
  })
}

test('what only the author of the rows can repair is told with the statement that lists them', () => {
  using world = new CheckedTable()
  world.db.exec("UPDATE _vec_docs SET dataset_id = ' ' WHERE id = 'a'")
  assert.deepEqual(world.problems, ['error dataset-ids'])
  const [{ fix }] = world.found
  assert.deepEqual(world.db.prepare(fix!).all(), [{ dataset_id: ' ', id: 'a' }])
  assert.ok(repair(world.inspection, ['d']).some(({ topic }) => topic === 'dataset-ids'))
})

test('a table that is gone is one problem', () => {
  using world = new CheckedTable()
  world.db.exec('DROP TABLE _vec_docs')
  assert.deepEqual(world.problems, ['error shadow-table'])
  assert.deepEqual(
    repair(world.inspection, ['d']).map(({ topic }) => topic),
    ['shadow-table'],
  )
})

test('with nothing to repair, repair says so', () => {
  using world = new CheckedTable()
  assert.deepEqual(
    repair(world.inspection, ['d']).map(({ severity, topic }) => `${severity} ${topic}`),
    ['ok repair'],
  )
})
