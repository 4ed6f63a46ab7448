import type { JournalMode } from './disk-world.ts'

export const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'] as const
export type Synchronous = (typeof SYNCHRONOUS)[number]

/** What SQLite promises when the power fails; docs/reliability.md has it as a table. */
export interface Promised {
  /** When the file is whole again after the next open, and holds the rows of one moment. */
  readonly whole:
    | 'always'
    /** Not when the disk wrote in another order than it was told to. */
    | 'in order'
    /** Not when the power failed in the middle of a transaction. */
    | 'between transactions'
    /** Not when the power failed: only the process may die. */
    | 'without power loss'
    | 'without power loss, between transactions'
  /** Which commits that were acknowledged are there. */
  readonly durable: 'all' | 'all but the last' | 'before the last checkpoint'
  /** A transaction over two files is in both or in neither. */
  readonly atomic: boolean
}

export function promiseOf(mode: JournalMode, synchronous: Synchronous): Promised {
  if (mode === 'memory') {
    const lost = synchronous === 'off'
    return {
      whole: lost ? 'without power loss, between transactions' : 'between transactions',
      durable: 'all',
      atomic: false,
    }
  }
  const atomic = mode !== 'wal' && mode !== 'wal-exclusive'
  // With OFF, SQLite makes no super-journal: a process may die between the commits of two files.
  if (synchronous === 'off') return { whole: 'without power loss', durable: 'all', atomic: false }
  // NORMAL syncs a journal's header together with its pages: one may be there without the other.
  const inOrder = synchronous === 'normal' && atomic
  const whole = inOrder ? 'in order' : 'always'
  return { whole, durable: durableOf(mode, synchronous), atomic }
}

function durableOf(
  mode: Exclude<JournalMode, 'memory'>,
  synchronous: Exclude<Synchronous, 'off'>,
): Promised['durable'] {
  switch (mode) {
    case 'delete':
      // The removal of the journal is the commit, and only EXTRA syncs the folder after it.
      return synchronous === 'extra' ? 'all' : 'all but the last'
    case 'truncate':
      return synchronous === 'normal' ? 'all but the last' : 'all'
    case 'persist':
      return 'all'
    case 'wal':
    case 'wal-exclusive':
      return synchronous === 'normal' ? 'before the last checkpoint' : 'all'
  }
}
