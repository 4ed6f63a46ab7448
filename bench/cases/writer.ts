// Writes 500 rows a second into a file until it is ended, ten in a transaction: `node writer.js file dim`.

import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../../src/entries/main.ts'

const [path, dim] = process.argv.slice(2)
const db = await open(path)
const insert = db.prepare(
  'INSERT OR REPLACE INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)',
)
const write = db.transaction((from: number) => {
  for (let i = from; i < from + 10; i++) {
    insert.run('d', `written ${i % 5000}`, Float32Array.from({ length: Number(dim) }, Math.random))
  }
})
const start = performance.now()
for (let written = 0; ; written += 10) {
  write.immediate(written)
  if (written === 0) process.stdout.write('writing\n')
  const due = start + (written / 500) * 1000
  await sleep(Math.max(0, due - performance.now()))
}
