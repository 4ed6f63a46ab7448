// As writer.ts, into a file of sqlite-vec: `node writer-peer.js file dim`.

import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteVec } from '../peers/native.ts'

const [path, dim] = process.argv.slice(2)
const db = openSqliteVec(path)!
const insert = db.prepare('INSERT INTO v(embedding) VALUES (?)')
const write = db.transaction(() => {
  for (let i = 0; i < 10; i++) insert.run(Float32Array.from({ length: Number(dim) }, Math.random))
})
const start = performance.now()
for (let written = 0; ; written += 10) {
  write()
  if (written === 0) process.stdout.write('writing\n')
  const due = start + (written / 500) * 1000
  await sleep(Math.max(0, due - performance.now()))
}
