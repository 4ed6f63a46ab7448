// Writes a row every few milliseconds until it is told to stop, then sends how long each write took: `fork(million-writer.js, [file])`.

import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../../src/entries/main.ts'

const db = await open(process.argv[2], { busyTimeout: 60_000 })
const insert = db.prepare('INSERT INTO notes VALUES (?)')
const waits: number[] = []
const stopped = new AbortController()
process.once('message', () => stopped.abort())
process.send!('up')
while (!stopped.signal.aborted) {
  const start = performance.now()
  insert.run(1)
  waits.push(performance.now() - start)
  await sleep(5)
}
process.send!(waits, () => process.exit())
