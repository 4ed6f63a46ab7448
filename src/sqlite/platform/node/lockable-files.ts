import { closeSync, constants, openSync, statSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { type FileIdentity, type LockKind, PENDING_BYTE } from '../../vfs/file-locks.ts'
import { identityOf } from './database-file.ts'
import { EACCES, EAGAIN, EINTR, F_UNLCK, F_WRLCK, type Fcntl, fcntl, flock } from './fcntl.ts'
import { OUR_MARK, foreignUse, isLockedHere } from './process-locks.ts'

/*
 * POSIX drops every lock that this process has on a file when any descriptor of the file is closed, and native SQLite
 * takes such locks. So these descriptors are closed only while native code in this process holds no lock on the
 * database and cannot begin to take one: a write lock on the PENDING byte, which belongs to the open file, keeps
 * every connection from starting to read. The kernel drops the POSIX locks of a descriptor before the descriptor's
 * own, so the descriptor that holds PENDING may itself be closed last. A descriptor that cannot be closed yet is
 * idle: the next open of the same file takes it, and a timer tries again. docs/files-and-locks.md explains the
 * reasoning.
 */

interface Descriptor {
  readonly fd: number
  readonly identity: FileIdentity
  readonly writable: boolean
  readonly family: Family
}

/** The descriptors that this thread has open for one database: of the file itself, and of the -shm file beside it. */
interface Family {
  readonly database: FileIdentity
  readonly live: Set<Descriptor>
  readonly idle: Set<Descriptor>
}

const pendingWrite = flock(F_WRLCK, PENDING_BYTE, 1)
const pendingUnlock = flock(F_UNLCK, PENDING_BYTE, 1)

const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 5000
/** How long a worker thread that ends waits for native code to finish its transaction. */
const LEAVE_MS = 1000

const families = new Map<string, Family>()
const descriptors = new Map<number, Descriptor>()
let newest: string | undefined
let idle = 0
let locks: Fcntl | undefined
let timer: NodeJS.Timeout | undefined
let delay = 0
const sleeper = new Int32Array(new SharedArrayBuffer(4))
let leaving = false
/** Node and Deno close the descriptors of a thread that ends. Bun does not, and their locks would stay. */
const STAY_OPEN = 'bun' in process.versions

/**
 * Tells this module how files are locked. With lock directories, PENDING cannot be locked, so a close can only check
 * what other code has open.
 */
export function guardCloses(kind: LockKind): void {
  const found = kind === 'ofd' ? fcntl() : undefined
  locks = typeof found === 'string' ? undefined : found
}

/**
 * openSync() for a file that native SQLite in this process may lock: a database, or the -shm file of the database
 * that the descriptor `database` belongs to. Close it with `closeLockable` only.
 */
export function openLockable(path: string, flags: number, mode = 0o644, database?: number): number {
  if (database === undefined) newest = path
  const writable = (flags & (constants.O_RDWR | constants.O_WRONLY)) !== 0
  const reused = (flags & constants.O_EXCL) === 0 ? takeIdle(path, writable) : undefined
  if (reused !== undefined) return reused
  const fd = openSync(path, flags | OUR_MARK, mode)
  const identity = identityOf(fd)
  // Only regular files can be locked.
  if (identity.isFile) add(fd, identity, writable, descriptors.get(database ?? -1)?.family)
  leaveWithThread()
  return fd
}

/**
 * closeSync() for a descriptor of `openLockable`: at once, or as soon as native code in this process does not hold locks on
 * the database. The caller has released its own locks.
 */
export function closeLockable(fd: number): void {
  const descriptor = descriptors.get(fd)
  if (descriptor === undefined) return closeSync(fd)
  const { family } = descriptor
  family.live.delete(descriptor)
  family.idle.add(descriptor)
  idle++
  closeIdle(family)
  if (idle > 0) retryIn(RETRY_FIRST_MS)
}

/** The most recently opened database, even if it is closed again. */
export function newestDatabase(): string | undefined {
  return newest
}

/** An open descriptor of the file at `path`, so that a reader need not open and close another one. */
export function lockableOf(path: string): number | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  for (const each of descriptors.values()) if (isSame(each.identity, found)) return each.fd
  return undefined
}

/** The number of descriptors that wait to be closed. */
export function idleDescriptors(): number {
  return idle
}

function takeIdle(path: string, writable: boolean): number | undefined {
  if (idle === 0) return undefined
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  for (const family of families.values())
    for (const each of family.idle) {
      if (each.writable !== writable || !isSame(each.identity, found)) continue
      family.idle.delete(each)
      family.live.add(each)
      idle--
      return each.fd
    }
  return undefined
}

function add(fd: number, identity: FileIdentity, writable: boolean, of?: Family): Descriptor {
  const key = keyOf(identity)
  const family = of ?? families.get(key) ?? { database: identity, live: new Set(), idle: new Set() }
  if (of === undefined) families.set(key, family)
  const descriptor: Descriptor = { fd, identity, writable, family }
  descriptors.set(fd, descriptor)
  family.live.add(descriptor)
  return descriptor
}

/** Closes the idle descriptors of one database, if possible. */
function closeIdle(family: Family): void {
  if (family.idle.size === 0) return
  const guard = locks && guardOf(family)
  if (locks === undefined || guard === undefined) {
    // Without a guard, closing is safe only while no other code in this process has the file open.
    const use = foreignUse(identitiesOf(family))
    if (use === undefined || !use.open) closeAll(family)
    return
  }
  const errno = locks.set(guard.fd, pendingWrite)
  if (errno === EAGAIN || errno === EACCES || errno === EINTR) return
  try {
    // If PENDING cannot be locked at all, native code holds no locks either.
    if (errno === 0 && isLockedHere(identitiesOf(family), guard.fd, locks)) return
    closeAll(family, guard)
  } finally {
    if (errno === 0 && descriptors.has(guard.fd)) locks.set(guard.fd, pendingUnlock)
  }
}

/** An idle descriptor of the database that can be locked for writing: a waiting one, or a new one. */
function guardOf(family: Family): Descriptor | undefined {
  const { database } = family
  for (const each of family.idle) if (each.writable && isSame(each.identity, database)) return each
  for (const each of [...family.idle, ...family.live])
    if (isSame(each.identity, database)) return reopened(each)
  return undefined
}

/** A descriptor of the same file for writing, whatever its name is now; undefined if writing is forbidden. */
function reopened({ fd, identity, family }: Descriptor): Descriptor | undefined {
  let again: number
  try {
    again = openSync(`/proc/self/fd/${fd}`, constants.O_RDWR | OUR_MARK)
  } catch {
    return undefined
  }
  const guard = add(again, identity, true, family)
  family.live.delete(guard)
  family.idle.add(guard)
  idle++
  return guard
}

/** Closes all descriptors, the guard last: its lock lasts until its POSIX locks are gone. */
function closeAll(family: Family, guard?: Descriptor): void {
  for (const each of [...family.idle].toSorted(
    (a, b) => Number(a === guard) - Number(b === guard),
  )) {
    family.idle.delete(each)
    descriptors.delete(each.fd)
    idle--
    closeSync(each.fd)
  }
  const key = keyOf(family.database)
  if (family.live.size === 0 && families.get(key) === family) families.delete(key)
}

/** The identities of the files, the database first. */
function identitiesOf(family: Family): FileIdentity[] {
  return [family.database, ...Array.from(family.idle, each => each.identity)]
}

const keyOf = ({ dev, ino }: FileIdentity): string => `${dev}:${ino}`

function isSame(a: FileIdentity, b: FileIdentity): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

function retryIn(ms: number): void {
  if (timer !== undefined && delay <= ms) return
  clearTimeout(timer)
  delay = ms
  timer = setTimeout(() => {
    timer = undefined
    for (const family of families.values()) closeIdle(family)
    if (idle > 0) retryIn(Math.min(ms * 2, RETRY_MAX_MS))
  }, ms)
  timer.unref()
}

/** Prepares for the end of a worker thread: Node closes its descriptors in any order, without checking for locks. */
function leaveWithThread(): void {
  if (leaving || isMainThread || locks === undefined) return
  leaving = true
  const by = locks
  process.once('exit', () => {
    const end = Date.now() + LEAVE_MS
    for (const family of families.values())
      while (!leave(family, by) && Date.now() < end) Atomics.wait(sleeper, 0, 0, 5)
  })
}

/**
 * Makes all descriptors of a database refer to one open file that holds PENDING, so that no native code can lock it
 * before Node has closed the last of them. False while native code has it locked.
 */
function leave(family: Family, by: Fcntl): boolean {
  const { database, live, idle: waiting } = family
  const ours = [...live, ...waiting].filter(each => isSame(each.identity, database))
  const writable = ours.filter(each => each.writable)
  const [first] = ours
  if (writable.length === 0 && first !== undefined) {
    const guard = reopened(first)
    if (guard !== undefined) writable.push(guard)
  }
  const guard = writable.find(each => by.set(each.fd, pendingWrite) === 0)
  if (guard === undefined) {
    if (writable.length > 0) return false
    const use = STAY_OPEN ? foreignUse(identitiesOf(family)) : undefined
    if (STAY_OPEN && use?.open !== true) closeLive(family)
    return true
  }
  if (isLockedHere(identitiesOf(family), guard.fd, by)) {
    by.set(guard.fd, pendingUnlock)
    return false
  }
  if (STAY_OPEN) closeLive(family, guard)
  else for (const each of ours) if (each !== guard) by.dup2(guard.fd, each.fd)
  return true
}

/** Closes all descriptors of a thread that ends, also those of open connections. */
function closeLive(family: Family, guard?: Descriptor): void {
  for (const each of family.live) family.idle.add(each)
  idle += family.live.size
  family.live.clear()
  closeAll(family, guard)
}
