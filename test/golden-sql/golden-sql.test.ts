import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleFor, rules } from './differences.ts'
import { goldenFiles } from './golden-folder.ts'
import { paramsOf, run, type Outcome } from './outcome.ts'
import { hasArchived, Replay, startWithArchived } from './replay.ts'

const used = new Set<string>()

for (const file of goldenFiles()) {
  test(`${file.name}: every recorded answer holds, or differs by a rule`, async () => {
    // Archived rows are shown by the original: to compare, they are shown here too.
    const replay = await startWithArchived(file, 'shown')
    const wrong: string[] = []
    try {
      for (const [i, step] of file.steps.entries()) {
        if (step.sql === '') continue
        try {
          const rule = replay.step(step, ruleFor)
          if (rule !== undefined) used.add(rule)
        } catch (error) {
          wrong.push(
            `step ${i} (${step.note ?? ''}) ${step.sql}\n  recorded ${step.error ?? 'rows'}: ${(error as Error).message}`,
          )
        }
      }
    } finally {
      replay.end()
    }
    assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`)
  })

  test(`${file.name}: archived rows are hidden, as if they were not there`, async t => {
    const plain = await Replay.start(file)
    const without = await startWithArchived(file, 'deleted')
    try {
      if (!plain.tables.some(({ name }) => hasArchived(plain.db, name))) {
        t.skip('no archived rows in this file')
        return
      }
      for (const step of file.steps) {
        if (!/^\s*SELECT\b/i.test(step.sql) || !plain.tableOf(step.sql)) continue
        const params = paramsOf(step)
        assert.deepEqual(
          answer(run(plain.db, step.sql, params)),
          answer(run(without.db, step.sql, params)),
          step.sql,
        )
      }
    } finally {
      plain.end()
      without.end()
    }
  })
}

test(
  'every rule is needed by an answer of this repository',
  { skip: process.env['GOLDEN_DIR'] !== undefined },
  () => {
    const ids = rules.filter(rule => !rule.unrecorded).map(rule => rule.id)
    assert.deepEqual(
      ids.filter(id => !used.has(id)),
      [],
    )
  },
)

function answer({ rows, error }: Outcome): unknown {
  return error ? error.message : rows
}
