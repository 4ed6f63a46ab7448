import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadStaticEmbedder } from '../../src/entries/embedder.ts'
import { open } from '../../src/entries/main.ts'
import { writeTinyModel } from '../embedder/tiny-model.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { path, write, freshTable } = scratch()
const model = writeTinyModel(path('tiny'))
const embed = ['--embed', model]
const folder = path('notes')
mkdirSync(folder)
const texts = {
  'a.md': 'the state of being free',
  'b.md': 'a person who makes or repairs',
  'c.md': 'water that falls in small drops',
}
for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)

interface Hit {
  readonly id: string
  readonly score: number
}

/** The notes by their similarity to a text, best first. */
async function ranked(text: string): Promise<string[]> {
  const embedder = await loadStaticEmbedder(model)
  const wanted = embedder.embedText(text)
  const scores = Object.entries(texts).map(([name, each]) => {
    const vector = embedder.embedText(each)
    return { id: `${name}#0`, score: vector.reduce((sum, x, j) => sum + x * wanted[j], 0) }
  })
  return scores.toSorted((a, b) => b.score - a.score).map(({ id }) => id)
}

test('a static model embeds a folder and the queries, and the file names the model', async () => {
  const file = await freshTable()
  await svecJson(['index', file, folder, ...embed])
  const text = 'drops of water'
  const hits = (await svecJson(['query', file, text, ...embed])) as Hit[]
  assert.deepEqual(
    hits.map(({ id }) => id),
    await ranked(text),
  )
  const db = await open(file)
  const models = db.prepare('SELECT DISTINCT embedding_model FROM _vec_docs').pluck().all()
  assert.deepEqual(models, ['tiny'])
  db.close()
})

test('an import embeds by it, and --model names it otherwise', async () => {
  const file = await freshTable()
  const source = write('texts.jsonl', '{"id": "a", "content": "a small person"}')
  await svecJson(['import', file, source, ...embed, '--model', 'mine'])
  const db = await open(file)
  const [row] = db.prepare('SELECT embedding_model AS model, embedding FROM _vec_docs').all() as {
    model: string
    embedding: Uint8Array
  }[]
  db.close()
  assert.equal(row.model, 'mine')
  const wanted = (await loadStaticEmbedder(model)).embedText('a small person')
  assert.deepEqual(new Float32Array(row.embedding.slice().buffer), wanted)
})

test('a model that cannot be used is named, with what to do', async () => {
  const file = await freshTable()
  const missing = await svec(['query', file, 'text', '--embed', path('none')])
  assert.equal(missing.code, 3)
  assert.match(missing.stderr, /none\/model\.safetensors is not there\n {2}give the folder/)
  const both = await svec(['query', file, 'text', ...embed, '--embed-command', 'cat'])
  assert.equal(both.code, 2)
  assert.match(both.stderr, /--embed and --embed-command contradict each other/)
  const packaged = await svec(['query', file, 'text', '--embed', 'static'])
  assert.match(packaged.stderr, /sqlite-vec-ts-embedder is not installed\n {2}npm install/)
  rmSync(join(model, 'tokenizer.json'))
  const half = await svec(['query', file, 'text', ...embed])
  assert.match(half.stderr, /tokenizer\.json is not there/)
})
