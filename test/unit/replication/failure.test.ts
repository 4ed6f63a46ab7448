import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError } from '../../../src/entries/main.ts'
import {
  closedFailure,
  isReplicaBusy,
  isRetryable,
  isSameFailure,
  isSyncError,
  messageOf,
  redact,
  timeoutFailure,
  upstreamFailure,
} from '../../../src/replication/failure.ts'
import { assertNames } from '../../refusal.ts'

const SECRET = 'geheim77'

test('passwords leave URLs, settings and messages; names stay', () => {
  for (const text of [
    `mysql://app:${SECRET}@db/shop`,
    `postgres://app:a:${SECRET}@db`,
    `password=${SECRET}&x=1`,
    `PWD: '${SECRET}', x`,
    `token = "${SECRET}"`,
    `secret=${SECRET};user=app`,
  ]) {
    assert.ok(!redact(text).includes(SECRET), redact(text))
  }
  assert.equal(redact(`mysql://app:${SECRET}@db/shop`), 'mysql://app:***@db/shop')
  assert.equal(redact('(using password: YES)'), '(using password: YES)')
  assert.equal(redact('mysql://app@db/shop'), 'mysql://app@db/shop')
})

test("a driver's error keeps its code and loses its secrets", () => {
  const given = Object.assign(new Error(`cannot reach mysql://app:${SECRET}@db`), {
    code: 'ECONNREFUSED',
    config: { password: SECRET },
  })
  const failure = upstreamFailure('SYNC_TRANSPORT', given, 'reading the log')
  assert.equal(failure.code, 'SYNC_TRANSPORT')
  assertNames(failure.message, 'reading the log', 'mysql://app')
  const cause = failure.cause as Error & { code?: string }
  assert.equal(cause.code, 'ECONNREFUSED')
  assert.ok(!JSON.stringify([failure.message, cause, String(cause)]).includes(SECRET))
})

test('an error of replication is passed on as it is', () => {
  const own = new VecError('FENCED', 'another one')
  assert.equal(upstreamFailure('SYNC_UPSTREAM', own, 'x'), own)
})

test('a timeout and a closed connection name what was under way', () => {
  const timeout = timeoutFailure('reading the log', 250)
  assert.equal(timeout.code, 'SYNC_TIMEOUT')
  assertNames(timeout.message, 'reading the log', 250)
  const closed = closedFailure('x', new Error(`password=${SECRET}`))
  assert.equal(closed.code, 'SYNC_TRANSPORT')
  assert.ok(!closed.message.includes(SECRET))
  const aborted = new DOMException('aborted', 'AbortError')
  assert.equal(closedFailure('x', aborted).message, closedFailure('x').message)
})

test('what the same again can cure is retryable', () => {
  for (const code of ['SYNC_TIMEOUT', 'SYNC_TRANSPORT', 'SYNC_CONFLICT'] as const) {
    assert.ok(isRetryable(new VecError(code, '')), code)
  }
  for (const code of ['SYNC_ACCESS', 'SYNC_UPSTREAM', 'LOG_GAP', 'FENCED'] as const) {
    assert.ok(!isRetryable(new VecError(code, '')), code)
  }
})

test('a replica that another program writes is busy, and retryable', () => {
  for (const error of [
    new VecError('SQLITE_BUSY', ''),
    Object.assign(new Error('x'), { code: 'SQLITE_BUSY_SNAPSHOT' }),
    Object.assign(new Error('x'), { code: 'SQLITE_LOCKED' }),
    new Error('database is locked'),
    new Error('cannot start a transaction within a transaction'),
  ]) {
    assert.ok(isReplicaBusy(error) && isRetryable(error))
  }
  assert.ok(!isRetryable(new VecError('SQLITE_FULL', 'disk full')))
  assert.ok(!isRetryable(undefined))
})

test('errors of SQLite and of vec tables are not those of replication', () => {
  assert.ok(isSyncError(new VecError('LOG_GAP', '')))
  assert.ok(!isSyncError(new VecError('SQLITE_BUSY', '')))
  assert.ok(!isSyncError(new VecError('VEC_CLOSED', '')))
  assert.ok(!isSyncError(new Error('x')))
})

const at = (code: 'LOG_GAP' | 'FENCED', text: string): VecError => new VecError(code, text)

test('two failures are the same but for their numbers', () => {
  assert.ok(isSameFailure(at('LOG_GAP', 'gap at 5 of 9'), at('LOG_GAP', 'gap at 17 of 200')))
  assert.ok(!isSameFailure(at('LOG_GAP', 'gap at 5'), at('FENCED', 'gap at 5')))
  assert.ok(!isSameFailure(at('LOG_GAP', 'gap of a'), at('LOG_GAP', 'gap of b')))
})

test('the message of several errors is theirs', () => {
  assert.equal(messageOf(new AggregateError([new Error('a'), new Error('b')])), 'a; b')
  assert.equal(messageOf('text'), 'text')
})
