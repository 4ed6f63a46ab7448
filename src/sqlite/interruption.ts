import { requirePlainObject } from '../core/argument-error.ts'
import { describeValue, isThenable } from '../core/describe-value.ts'
import { knownWord } from '../core/known-word.ts'
import type { Interruption } from '../database/database.ts'
import type { DatabaseHandle } from './handle.ts'
import type { Pointer, Sqlite } from './wasm/wasm.ts'

/** Steps of SQLite's virtual machine between two checks of the clock: a few microseconds. */
const STEPS = 1000

interface Watch {
  readonly end: number
  readonly signal: AbortSignal | undefined
}

const watches = new Map<number, Watch>()
const callbacks = new WeakMap<Sqlite, Pointer>()
let next = 1

/**
 * Runs `task`. A running statement ends with SQLITE_INTERRUPT when the deadline has passed or the signal is aborted.
 * Throws TypeError for a Promise: code after its first `await` would run without a limit.
 */
export function interruptible<R>(db: DatabaseHandle, when: Interruption, task: () => R): R {
  const watch = watchOf(when)
  if (typeof task !== 'function')
    throw new TypeError(`interruptible() takes a function, got ${describeValue(task)}`)
  const { sqlite } = db
  let callback = callbacks.get(sqlite)
  if (callback === undefined) {
    callback = sqlite.functionPointer('i(p)', (id: number) => (isOver(watches.get(id)) ? 1 : 0))
    callbacks.set(sqlite, callback)
  }
  const id = next++
  const outer = db.watched
  watches.set(id, outer === undefined ? watch : earlier(watch, watches.get(outer)))
  db.watched = id
  sqlite.raw.sqlite3_progress_handler(db.pointer, STEPS, callback, id)
  try {
    const result = task()
    if (isThenable(result)) {
      throw new TypeError(
        'interruptible() takes a synchronous function: await everything before or after it',
      )
    }
    return result
  } finally {
    watches.delete(id)
    db.watched = outer
    if (db.open && outer === undefined) sqlite.raw.sqlite3_progress_handler(db.pointer, 0, 0, 0)
    else if (db.open) sqlite.raw.sqlite3_progress_handler(db.pointer, STEPS, callback, outer!)
  }
}

function watchOf(when: Interruption): Watch {
  requirePlainObject('interruptible()', 'the first argument', when, '{ deadline, signal }')
  for (const name of Object.keys(when)) {
    knownWord('option of interruptible()', name, ['deadline', 'signal'])
  }
  const { deadline, signal } = when
  if (deadline !== undefined && !(typeof deadline === 'number' && deadline >= 0)) {
    throw new RangeError(
      `the deadline must be a number of milliseconds, got ${describeValue(deadline)}`,
    )
  }
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.aborted !== 'boolean') {
    throw new TypeError(`the signal must be an AbortSignal, got ${describeValue(signal)}`)
  }
  return { end: deadline === undefined ? Infinity : performance.now() + deadline, signal }
}

/** The outer limit still counts inside the inner one. */
function earlier(inner: Watch, outer: Watch | undefined): Watch {
  if (outer === undefined) return inner
  const end = Math.min(inner.end, outer.end)
  return {
    end,
    get signal() {
      return outer.signal?.aborted ? outer.signal : inner.signal
    },
  }
}

function isOver(watch: Watch | undefined): boolean {
  try {
    return watch !== undefined && (watch.signal?.aborted === true || performance.now() >= watch.end)
  } catch {
    // A signal that is not the platform's may throw, and SQLite could not go on after an exception.
    return true
  }
}
