import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from '../../vfs/vfs-errors.ts'
import { fileFacts } from './file-facts.ts'
import { type LockOwner, isGone, readOwner, thisOwner } from './lock-owner.ts'

/** A token that no other thread has. */
export const newToken = (): string => `${process.pid}-${randomBytes(6).toString('hex')}`

/** The name under which a thread prepares a directory that names it, and then renames it. */
export const preparedName = (directory: string, token: string): string => `${directory}-${token}`

/** How often another process may remove a directory of ours before it has an owner. */
const PREPARATIONS = 5

export function prepare(path: string, token: string): void {
  for (let left = PREPARATIONS; ; left--) {
    if (fileFacts().isMissing(path)) mkdirSync(path)
    try {
      writeFileSync(join(path, 'owner'), JSON.stringify(thisOwner(token)))
      return
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || left === 0) throw error
    }
  }
}

/**
 * The claims on the lock of a gone owner: directories `<lock>.takeover-<token of that owner>.1` and so on, which name
 * their owners. The last of them may remove the lock.
 *
 * A claim is taken like a lock, so only one thread has it. The next one is taken only when its owner is gone, too: a
 * process that is killed meanwhile keeps no other out. All stay as long as the lock does, unless the owner of the last
 * one gives it up. After that they cannot matter again, since no other thread ever uses the token.
 */
const claimsOn = (directory: string, token: string): string => `${directory}.takeover-${token}.`

/** Removes a lock whose owner is gone; false if another thread is at it, or has the lock by now. */
export function removeStale(directory: string, { token }: LockOwner): boolean {
  const own = newToken()
  try {
    const claim = claimed(directory, token, own)
    if (claim === undefined) return false
    let removed = false
    try {
      // Of two threads that saw the same stale lock, the second could otherwise remove a fresh one.
      if (readOwner(directory)?.token === token) {
        removeAside(directory, directory, token)
        removed = true
      }
    } finally {
      removeAside(claim, directory, own)
    }
    removeClaims(directory)
    return removed
  } catch {
    return false
  }
}

/** The claim that this thread has taken; undefined if another has one. */
function claimed(directory: string, token: string, own: string): string | undefined {
  for (let n = 1; ; n++) {
    const claim = `${claimsOn(directory, token)}${n}`
    const owner = readOwner(claim)
    if (owner === undefined) return isTaken(directory, claim, own) ? claim : undefined
    if (!isGone(owner)) return undefined
  }
}

function isTaken(directory: string, claim: string, own: string): boolean {
  const prepared = preparedName(directory, own)
  try {
    prepare(prepared, own)
    renameSync(prepared, claim)
    return true
  } catch {
    rmSync(prepared, { recursive: true, force: true })
    return false
  }
}

/** Removes a lock or a claim at once: another may be in its place while the files of this one are removed. */
function removeAside(path: string, directory: string, token: string): void {
  const aside = preparedName(directory, token)
  renameSync(path, aside)
  rmSync(aside, { recursive: true, force: true })
}

/** Removes the claims on locks that no longer exist. */
function removeClaims(directory: string): void {
  // In this order: a lock that is not there now, and had claims before, never comes back.
  const claims = besides(directory, '.takeover-')
  if (claims.length === 0) return
  const token = readOwner(directory)?.token
  if (token === undefined && !fileFacts().isMissing(directory)) return
  for (const claim of claims)
    if (token === undefined || !claim.startsWith(claimsOn(directory, token)))
      rmSync(claim, { recursive: true, force: true })
}

/** Removes what processes that were killed left beside a lock. */
export function removeRemains(directory: string): void {
  for (const path of besides(directory, '-')) {
    const owner = readOwner(path)
    if (owner === undefined) removeEmpty(path)
    else if (isGone(owner)) rmSync(path, { recursive: true, force: true })
  }
  removeClaims(directory)
}

/** Of a process that was killed before it wrote the owner. One that lives makes its directory again. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // It is not empty, or no directory.
  }
}

/** The paths beside the lock that begin with its own and this. */
function besides(directory: string, what: string): string[] {
  const prefix = `${basename(directory)}${what}`
  const folder = dirname(directory)
  const entries = readdirSync(folder).filter(entry => entry.startsWith(prefix))
  return entries.map(entry => `${directory}${entry.slice(basename(directory).length)}`)
}
