// A worker thread of the tests of lock directories: runs SQL, says so, and ends as it is told, without closing anything.

import { parentPort, workerData } from 'node:worker_threads'
import { RawConnection, sqliteWithFiles } from './vfs-raw.ts'

const { path, sql } = workerData as { path: string; sql: string }
const db = RawConnection.open(await sqliteWithFiles('directory'), path)
db.all(sql)
parentPort!.on('message', how => {
  if (how === 'exit') process.exit()
  throw new Error('the end of this thread')
})
parentPort!.postMessage('held')
