import { Worker } from 'node:worker_threads'
import { open } from '../../src/entries/main.ts'
import { register, threadPool } from '../../src/entries/vec.ts'

// A program that searches: with the threads of its own, unless it is told otherwise. It prints what a test wants to know.

const ROWS = 45_000
const DIM = 100

const [, , what = 'end', asked, patience = '30000'] = process.argv
let state = 1
const next = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32 - 0.5
}
const vector = (): Float32Array => Float32Array.from({ length: DIM }, next)

async function search(): Promise<{ running: number; size: number; ids: unknown }> {
  const db = await open(':memory:')
  register(db)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const rows = Array.from({ length: ROWS }, (_, i) => [`d${i}`, vector()] as const)
  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)")
  db.transaction(() => {
    for (const row of rows) insert.run(...row)
  })()
  const select = db
    .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 5")
    .pluck()
  const query = vector()
  const ids = select.all(query)
  // Without a break: the threads come up while this one never lets go of control.
  const until = performance.now() + Number(patience)
  while (threadPool.running < threadPool.size - 1 && performance.now() < until) select.all(query)
  const { running, size } = threadPool
  for (let i = 0; i < 50; i++) select.all(query)
  return { running, size, ids: [ids, select.all(query)] }
}

if (what === 'worker') {
  const worker = new Worker(new URL(import.meta.url), {
    argv: ['end', ...(asked === undefined ? [] : [asked])],
  })
  worker.on('error', error => {
    throw error
  })
} else {
  if (asked !== undefined) threadPool.size = Number(asked)
  process.stdout.write(JSON.stringify(await search()))
  if (what === 'exit') process.exit(7)
  if (what === 'throw') throw new Error('thrown on purpose')
}
