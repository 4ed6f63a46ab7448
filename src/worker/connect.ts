import { SHARES_FILES, startThread } from '#thread'
import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import { callback, flag, wholeNumber } from '../core/check-options.ts'
import type { OpenOptions } from '../sqlite/open-options.ts'
import { AsyncDatabase } from './async-database.ts'
import { isInMemory } from './in-memory.ts'
import { Outgoing } from './outgoing.ts'
import type { Port, WorkerLike } from './port.ts'
import { WorkerGroup } from './worker-group.ts'

/** The options of `open()` that can be sent to a worker, and how many workers there are. */
export interface ConnectOptions extends Omit<OpenOptions, 'allowDbpath'> {
  /** Further files that a vec table's `dbpath` may name: a folder or file, or several. */
  readonly allowDbpath?: string | readonly string[] | undefined
  /**
   * The number of workers that answer reads, beside the one that writes; default 0: one worker for everything. Each has
   * its own connection. Not in browsers, and not for a database in memory.
   */
  readonly threads?: number | undefined
  /**
   * Whether the readers share one copy of each large index in memory, in Node; default false: each has its own, which
   * answers faster.
   */
  readonly sharedIndexes?: boolean | undefined
  /**
   * Starts a worker whose file calls `serve()`: if a bundler does not find ours, or to define SQL functions. Called
   * once for each worker.
   */
  readonly worker?: (() => WorkerLike) | undefined
}

const MOST_THREADS = 64

/**
 * Opens a database in a worker, so that queries do not block the calling thread. Takes the paths and options of
 * `open()`. The worker does not keep a process of Node alive while it is idle.
 *
 *     const db = await connect('app.sqlite')
 *     const rows = await db.all('SELECT * FROM notes WHERE id = ?', ['a'])
 *     await db.close()
 *
 * Throws the errors of `open()`, and VEC_WORKER when the worker cannot be started.
 */
export async function connect(
  path: string | Uint8Array,
  options: ConnectOptions = {},
): Promise<AsyncDatabase> {
  const where = 'connect()'
  requirePlainObject(where, 'options', options, 'an object')
  const { sharedIndexes = false, threads = 0, worker, ...rest } = options
  wholeNumber(0, MOST_THREADS)(where, 'options.threads', threads)
  flag(where, 'options.sharedIndexes', sharedIndexes)
  if (worker !== undefined) callback(where, 'options.worker', worker)
  const out = new Outgoing(where)
  const call = {
    op: 'open',
    path: out.copy('path', path),
    options: out.copy('options', rest),
  } as const
  const name = typeof path === 'string' ? path : ':memory:'
  if (threads > 0) requireShared(path, threads)
  const [writer, ...readers] = startThreads(1 + threads, worker)
  const workers = new WorkerGroup(name, writer, readers)
  await workers.open(call, sharedIndexes)
  return new AsyncDatabase(name, workers)
}

/** Of several workers, all start or none. */
function startThreads(count: number, worker: (() => WorkerLike) | undefined): Port[] {
  const ports: Port[] = []
  try {
    while (ports.length < count) ports.push(startThread(worker && (() => started(worker))))
    return ports
  } catch (error) {
    for (const port of ports) void port.close()
    throw error
  }
}

function started(worker: () => WorkerLike): WorkerLike {
  const given: Partial<WorkerLike> | null | undefined = worker()
  if (typeof given?.postMessage === 'function' && typeof given.terminate === 'function')
    return given as WorkerLike
  throw argumentError('connect()', 'the result of options.worker()', given, 'a worker')
}

/** Readers see a writer's changes only through the file. */
function requireShared(path: string | Uint8Array, threads: number): void {
  if (SHARES_FILES && typeof path === 'string' && !isInMemory(path)) return
  const given = SHARES_FILES
    ? 'a database in memory belongs to one connection'
    : 'one worker at a time has a file of a browser'
  throw argumentError('connect()', 'options.threads', threads, `0, as ${given}`)
}
