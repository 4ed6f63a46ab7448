// As writer.ts, by better-sqlite3 into a file of ours in WAL mode: `node native-writer.js file dim`.

import { setTimeout as sleep } from 'node:timers/promises'
import { openNative } from '../peers/native.ts'

const [path, dim] = process.argv.slice(2)
const db = openNative(path)!
db.pragma('busy_timeout = 10000')
const insert = db.prepare(
  'INSERT OR REPLACE INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)',
)
const write = db.transaction((from: number) => {
  for (let i = from; i < from + 10; i++) {
    const vector = Float32Array.from({ length: Number(dim) }, Math.random)
    insert.run('d', `written ${i % 5000}`, new Uint8Array(vector.buffer))
  }
})
const start = performance.now()
for (let written = 0; ; written += 10) {
  write(written)
  if (written === 0) process.stdout.write('writing\n')
  const due = start + (written / 500) * 1000
  await sleep(Math.max(0, due - performance.now()))
}
