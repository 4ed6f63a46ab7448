import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_FULL,
  SQLITE_IOERR_READ,
  SQLITE_IOERR_TRUNCATE,
  SQLITE_IOERR_WRITE,
  SQLITE_READONLY_DIRECTORY,
} from '../../../src/sqlite/result-codes.ts'
import {
  errnoOf,
  lastMessage,
  lastVfsError,
  report,
  reportBusy,
  VfsFailure,
} from '../../../src/sqlite/vfs/vfs-errors.ts'

const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: it failed`), { code })

test('an errno becomes the code of its operation, or the one that says it better', () => {
  for (const [errno, asked, told] of [
    ['EIO', SQLITE_IOERR_READ, SQLITE_IOERR_READ],
    ['ENOSPC', SQLITE_IOERR_WRITE, SQLITE_FULL],
    ['EDQUOT', SQLITE_IOERR_TRUNCATE, SQLITE_FULL],
    ['ENOSPC', SQLITE_IOERR_READ, SQLITE_IOERR_READ],
    ['EISDIR', SQLITE_CANTOPEN, SQLITE_CANTOPEN_ISDIR],
  ] as const) {
    assert.equal(report(systemError(errno), asked, '/x'), told, errno)
    const { code, path, errno: kept, message } = lastVfsError(told)!
    assert.deepEqual([code, path, kept], [told, '/x', errno])
    assert.equal(lastMessage(), message)
  }
})

test('a failure with a code of its own keeps code, path and hint', () => {
  const failure = new VfsFailure(SQLITE_READONLY_DIRECTORY, '/folder', 'told', { hint: 'do it' })
  assert.equal(report(failure, SQLITE_IOERR_WRITE, '/other'), SQLITE_READONLY_DIRECTORY)
  const { path, message, hint } = lastVfsError(SQLITE_READONLY_DIRECTORY)!
  assert.deepEqual([path, message, hint], ['/folder', 'told', 'do it'])
})

test('who is in the way is told with the file', () => {
  assert.equal(reportBusy('/x.sqlite', 'process 7 writes', 'wait'), SQLITE_BUSY)
  assert.match(lastVfsError(SQLITE_BUSY)!.message, /\/x\.sqlite.*process 7/)
})

test('of each code the newest failure is known', () => {
  report(new Error('first'), SQLITE_IOERR_READ, '/a')
  report(new Error('second'), SQLITE_IOERR_READ, '/b')
  report(new Error('third'), SQLITE_IOERR_WRITE, '/c')
  assert.equal(lastVfsError(SQLITE_IOERR_READ)!.message, 'second')
})

test('a thrown value of any kind has no errno', () => {
  assert.equal(errnoOf(new Error('x')), '')
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 5 })), '')
  report('just text', SQLITE_IOERR_READ, '/x')
  assert.equal(lastMessage(), 'just text')
})
