import { forgetArena } from '#shared-scan'
import { preferredAccelerator, type Accelerator } from '../../../accelerators/accelerator.ts'
import { Arena, scratchOf } from '../../../accelerators/arena.ts'

/** How much larger than necessary a reused memory may be. */
const MOST_SPARE = 1.25

/** The arena of an index that was disposed of in this turn of the event loop. */
let spare: Arena | undefined

/**
 * An arena for `bytes`: that of an index that was disposed of just before, or a new one. Indexes that do not fit in memory
 * together are read one in place of the other. The system clears each page of new memory, which takes longer than
 * reading an index into used memory does, and unused memories are freed only by the garbage collector.
 */
export function arenaFor(
  accelerator: Accelerator = preferredAccelerator(),
  threads: number,
  bytes: number,
): Arena {
  const arena = spare
  const needed = bytes + scratchOf(threads)
  if (
    arena?.accelerator === accelerator &&
    arena.threads === threads &&
    arena.bytes >= needed &&
    arena.bytes <= needed * MOST_SPARE
  ) {
    spare = undefined
    arena.clear()
    return arena
  }
  return new Arena(accelerator, threads)
}

/** Takes the arena of an index that is disposed of. */
export function giveUpArena(arena: Arena): void {
  if (spare) forgetArena(spare)
  else queueMicrotask(forgetSpare)
  spare = arena
}

function forgetSpare(): void {
  if (spare) forgetArena(spare)
  spare = undefined
}
