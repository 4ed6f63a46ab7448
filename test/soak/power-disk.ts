import { dirname } from 'node:path'
import type { Dice } from '../dice.ts'
import type { DataEvent, DiskEvent } from './power-log.ts'

/** What may become of writes, truncations and names that were not synced when the power failed. */
export interface Loss {
  readonly name: string
  /** Chance that a write or a truncation that was not synced reached the disk. */
  readonly data: number
  /** Chance that a creation or a removal whose folder was not synced reached the disk. */
  readonly names: number
  /** 'kept': in the order in which it was written. 'cut off': so, but only up to a moment. 'free': in any order. */
  readonly order: 'kept' | 'cut off' | 'free'
  /** Writes arrive in pieces of this many bytes, each or not; 0: whole. */
  readonly torn: number
}

/** From a killed process, which loses nothing, to a disk that was free to do as it liked with all that was not synced. */
export const LOSSES: readonly Loss[] = [
  { name: 'killed', data: 1, names: 1, order: 'kept', torn: 0 },
  { name: 'nothing unsynced', data: 0, names: 0, order: 'kept', torn: 0 },
  { name: 'cut off', data: 1, names: 1, order: 'cut off', torn: 0 },
  { name: 'names only', data: 0, names: 1, order: 'free', torn: 0 },
  { name: 'data only', data: 1, names: 0, order: 'free', torn: 0 },
  { name: 'half dropped', data: 0.5, names: 0.5, order: 'free', torn: 0 },
  { name: 'few dropped', data: 0.9, names: 0.8, order: 'free', torn: 0 },
  { name: 'torn at 512', data: 0.7, names: 0.5, order: 'free', torn: 512 },
  { name: 'torn at 4096', data: 0.7, names: 0.5, order: 'free', torn: 4096 },
]

/** The contents of a folder after a crash. */
export type Remains = ReadonlyMap<string, Uint8Array>

interface Pending {
  readonly event: DataEvent
  /** When it happened, among all events. */
  readonly time: number
}

interface DiskFile {
  /** What a sync has made safe. */
  durable: Uint8Array
  pending: Pending[]
}

interface NameChange {
  readonly time: number
  readonly path: string
  /** undefined: removed. */
  readonly file: number | undefined
}

/** A model of a disk with a cache: it knows what is safe, and what a power failure may do to the rest. */
export class Disk {
  readonly #files = new Map<number, DiskFile>()
  /** Names that are safe. */
  readonly #names = new Map<string, number>()
  #changes: NameChange[] = []
  #time = 0

  /** Everything in `files` is safe; they are numbered from 1 as the recorder does. */
  constructor(files: Remains) {
    let number = 0
    for (const [path, bytes] of files) {
      this.#files.set(++number, { durable: bytes.slice(), pending: [] })
      this.#names.set(path, number)
    }
  }

  apply(event: DiskEvent): void {
    const time = ++this.#time
    switch (event.kind) {
      case 'create':
        this.#files.set(event.file, { durable: new Uint8Array(0), pending: [] })
        this.#changes.push({ time, path: event.path, file: event.file })
        return
      case 'write':
      case 'truncate':
        this.#file(event.file).pending.push({ event, time })
        return
      case 'sync': {
        const file = this.#file(event.file)
        file.durable = replay(file.durable, eventsOf(file.pending))
        file.pending = []
        return
      }
      case 'unlink':
        this.#changes.push({ time, path: event.path, file: undefined })
        return
      case 'sync-folder': {
        const isThere = ({ path }: NameChange): boolean => dirname(path) === event.folder
        for (const change of this.#changes.filter(isThere)) rename(this.#names, change)
        this.#changes = this.#changes.filter(change => !isThere(change))
        return
      }
      case 'attempt':
      case 'acknowledge':
    }
  }

  /** What is on the disk when the power comes back. */
  crash(loss: Loss, dice: Dice): Remains {
    const arrived = this.#arrival(loss, dice)
    const names = new Map(this.#names)
    for (const change of this.#changes) if (arrived(change.time, loss.names)) rename(names, change)
    const remains = new Map<string, Uint8Array>()
    for (const [path, number] of names) {
      const { durable, pending } = this.#file(number)
      const events = eventsOf(pending.filter(({ time }) => arrived(time, loss.data)))
      if (loss.order !== 'free') remains.set(path, replay(durable, events))
      else if (pending.length === 0) remains.set(path, durable)
      else {
        const intended = sizeAfter(durable.length, eventsOf(pending))
        remains.set(path, this.#scattered({ durable, events, intended }, loss, dice))
      }
    }
    return remains
  }

  /** Tells of each event that was not synced whether it reached the disk. */
  #arrival(loss: Loss, dice: Dice): (time: number, chance: number) => boolean {
    if (loss.order === 'free') return (_time, chance) => dice.chance(chance)
    const times = [...this.#files.values()].flatMap(({ pending }) =>
      pending.map(({ time }) => time),
    )
    times.push(...this.#changes.map(({ time }) => time))
    const first = times.reduce((least, time) => Math.min(least, time), this.#time)
    const end = loss.order === 'cut off' ? first + dice.below(this.#time + 1 - first) : this.#time
    return (time, chance) => chance > 0 && time <= end
  }

  /** `events` in any order, in pieces or whole. A file may have its intended size before it has its data. */
  #scattered(
    file: { durable: Uint8Array; events: DataEvent[]; intended: number },
    loss: Loss,
    dice: Dice,
  ): Uint8Array {
    const { durable, events, intended } = file
    shuffle(events, dice)
    const pieces = loss.torn === 0 ? events : events.flatMap(event => torn(event, loss.torn, dice))
    const bytes = replay(durable, pieces, filler(dice))
    if (intended <= bytes.length || dice.chance(0.5)) return bytes
    return grown(bytes, intended, filler(dice))
  }

  #file(number: number): DiskFile {
    const file = this.#files.get(number)
    if (!file) throw new Error(`the log names file ${number}, which was never created`)
    return file
  }
}

function rename(names: Map<string, number>, { path, file }: NameChange): void {
  if (file === undefined) names.delete(path)
  else names.set(path, file)
}

function eventsOf(pending: readonly Pending[]): DataEvent[] {
  return pending.map(({ event }) => event)
}

type Filler = (bytes: Uint8Array) => void

/**
 * What is in a file where it grew and nothing was written: zeros or noise. Not the sectors of an older journal: where a
 * disk shows those in a new journal, SQLite itself, native or ours, takes them for the journal's own.
 */
function filler(dice: Dice): Filler {
  if (dice.chance(0.5)) return () => undefined
  return bytes => {
    let state = dice.below(2 ** 31) | 1
    for (let n = 0; n < bytes.length; n++) bytes[n] = (state = Math.imul(state, 48271)) >>> 16
  }
}

function replay(bytes: Uint8Array, events: readonly DataEvent[], fill?: Filler): Uint8Array {
  const most = Math.max(
    bytes.length,
    ...events.map(event => (event.kind === 'write' ? event.at + event.bytes.length : event.size)),
  )
  const buffer = new Uint8Array(most)
  buffer.set(bytes)
  let size = bytes.length
  for (const event of events) {
    if (event.kind === 'truncate') {
      if (event.size < size) buffer.fill(0, event.size, size)
      size = event.size
      continue
    }
    if (event.at > size) fill?.(buffer.subarray(size, event.at))
    buffer.set(event.bytes, event.at)
    size = Math.max(size, event.at + event.bytes.length)
  }
  return buffer.slice(0, size)
}

function sizeAfter(size: number, events: readonly DataEvent[]): number {
  for (const event of events)
    size = event.kind === 'truncate' ? event.size : Math.max(size, event.at + event.bytes.length)
  return size
}

function grown(bytes: Uint8Array, size: number, fill: Filler): Uint8Array {
  const larger = new Uint8Array(size)
  larger.set(bytes)
  fill(larger.subarray(bytes.length))
  return larger
}

/** The pieces of a write that arrived: each sector of the disk or not. A truncation happens or does not. */
function torn(event: DataEvent, sector: number, dice: Dice): DataEvent[] {
  if (event.kind === 'truncate' || dice.chance(0.4)) return [event]
  const pieces: DataEvent[] = []
  const end = event.at + event.bytes.length
  for (let from = event.at; from < end;) {
    const to = Math.min(end, (Math.floor(from / sector) + 1) * sector)
    if (dice.chance(0.5)) {
      const bytes = event.bytes.subarray(from - event.at, to - event.at)
      pieces.push({ kind: 'write', file: event.file, at: from, bytes })
    }
    from = to
  }
  return pieces
}

function shuffle(list: DataEvent[], dice: Dice): void {
  for (let n = list.length - 1; n > 0; n--) {
    const other = dice.below(n + 1)
    ;[list[n], list[other]] = [list[other], list[n]]
  }
}
