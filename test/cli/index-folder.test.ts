import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { shellCommand } from '../module-arguments.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { path, write, freshTable } = scratch()
const folder = path('notes')
mkdirSync(join(folder, 'deep'), { recursive: true })
mkdirSync(join(folder, '.git'))
const note = (name: string, text: string | Uint8Array): void =>
  writeFileSync(join(folder, name), text)

/** Embeds by the length of a text, and writes down how many texts it was given. */
const program = write(
  'embed.mjs',
  `import { appendFileSync } from 'node:fs'
let text = ''
for await (const part of process.stdin) text += part
const texts = JSON.parse(text)
appendFileSync(${JSON.stringify(path('asked.txt'))}, texts.length + ' ')
console.log(JSON.stringify(texts.map(t => [t.length, t.includes('bread') ? 9 : 1])))`,
)
const embed = ['--embed-command', shellCommand(program)]

interface Report {
  readonly dataset: string
  readonly indexed: number
  readonly unchanged: number
  readonly removed: number
  readonly unreadable: readonly string[]
  readonly parts: number
  readonly deleted: number
}

test('a folder is searchable, and a second run embeds only what changed', async () => {
  const file = await freshTable()
  note('a.md', '# Bread\nMix flour and water: bread.\n\n# Jam\nBoil fruit with sugar.')
  note('deep/b.txt', 'one text')
  note('bad.txt', Uint8Array.of(0x61, 0xff))
  note('empty.txt', ' \n')
  note('.hidden.md', 'hidden')
  note('.git/c.md', 'hidden')
  note('d.pdf', 'another kind of file')
  const run = async (...options: string[]): Promise<Report> =>
    (await svecJson(['index', file, folder, ...embed, ...options])) as Report
  const stored = async (): Promise<unknown[]> => {
    const db = await open(file, { readonly: true })
    const all = "SELECT id, content, meta ->> 'file' FROM _vec_docs ORDER BY id"
    const rows = db.prepare(all).raw().all()
    db.close()
    return rows
  }
  const first = await run()
  assert.deepEqual(
    [first.dataset, first.indexed, first.parts, first.unreadable],
    ['notes', 2, 3, ['bad.txt']],
  )
  assert.deepEqual(
    ((await stored()) as string[][]).map(([id, , from]) => [id, from]),
    [
      ['a.md#0', 'a.md'],
      ['a.md#1', 'a.md'],
      ['deep/b.txt#0', 'deep/b.txt'],
    ],
  )
  const hits = (await svecJson(['query', file, 'bread', ...embed, '-k', '1'])) as {
    id: string
    meta: { headings: string[] }
  }[]
  assert.deepEqual([hits[0].id, hits[0].meta.headings], ['a.md#0', ['Bread']])

  const second = await run()
  assert.deepEqual([second.indexed, second.unchanged, second.parts, second.deleted], [0, 3, 0, 0])
  // One part less, one file less, one file more; documents of others stay.
  const other =
    '{"id": "mine", "embedding": [1, 2], "meta": {"file": "gone.md"}, "dataset": "notes"}'
  await svecJson(['import', file, '-'], { input: other })
  note('a.md', '# Bread\nMix flour and water: bread!')
  note('e.markdown', 'new')
  rmSync(join(folder, 'deep/b.txt'))
  const third = await run()
  assert.deepEqual(
    [third.indexed, third.unchanged, third.removed, third.parts, third.deleted],
    [2, 1, 1, 2, 2],
  )
  assert.deepEqual(
    ((await stored()) as string[][]).map(([id]) => id),
    ['a.md#0', 'e.markdown#0', 'mine'],
  )
  // Another model or size embeds all of it again.
  assert.equal((await run('--model', 'm2')).indexed, 2)
  assert.equal((await run('--model', 'm2', '--size', '10')).indexed, 2)
  assert.equal((await run('--model', 'm2', '--size', '10')).indexed, 0)
  assert.equal((await svec(['check', file])).code, 0)
})

test('a run that was stopped among the parts of a file is made up for', async () => {
  const file = await freshTable()
  const run = async (): Promise<Report> =>
    (await svecJson(['index', file, folder, ...embed, '--size', '10'])) as Report
  const { parts } = await run()
  assert.ok(parts > 3)
  const db = await open(file)
  db.exec("DELETE FROM _vec_docs WHERE id = 'a.md#1'")
  db.close()
  const again = await run()
  assert.equal(again.indexed, 1)
  assert.equal((await run()).indexed, 0)
})

test('what is missing is said', async () => {
  const file = await freshTable()
  for (const [args, code, expected] of [
    [['index', file, folder], 2, /--embed-command/],
    [['index', file, path('nowhere'), ...embed], 3, /nowhere: no such file/],
    [['index', file, program, ...embed], 3, /embed\.mjs is a file/],
    [['index', file, folder, '--size', '5', '--overlap', '5', ...embed], 2, /--overlap 5/],
    [['index', file, folder, '--embed-command', 'exit 3'], 3, /exited with code 3/],
  ] as const) {
    const outcome = await svec(args)
    assert.match(outcome.stderr, expected)
    assert.equal(outcome.code, code, outcome.stderr)
  }
})
