import type { Pointer, Sqlite } from '../wasm/wasm.ts'

/** A function that C calls with pointers, ints and file offsets, as its signature says. */
export type Method = (a: number, b: number, c: number, d: number, e: number) => number | void

interface Layout<Name extends string> {
  readonly bytes: number
  /** Offset in the struct and C signature of each method we fill in; the others stay NULL. */
  readonly methods: Readonly<Record<Name, readonly [offset: number, signature: string]>>
}

type IoMethod =
  | 'xClose'
  | 'xRead'
  | 'xWrite'
  | 'xTruncate'
  | 'xSync'
  | 'xFileSize'
  | 'xLock'
  | 'xUnlock'
  | 'xCheckReservedLock'
  | 'xFileControl'
  | 'xSectorSize'
  | 'xDeviceCharacteristics'
  | 'xShmMap'
  | 'xShmLock'
  | 'xShmBarrier'
  | 'xShmUnmap'

type VfsMethod =
  | 'xOpen'
  | 'xDelete'
  | 'xAccess'
  | 'xFullPathname'
  | 'xRandomness'
  | 'xSleep'
  | 'xCurrentTime'
  | 'xGetLastError'
  | 'xCurrentTimeInt64'

export type IoMethods = Readonly<Record<IoMethod, Method>>
export type VfsMethods = Readonly<Record<VfsMethod, Method>>

/** sqlite3_io_methods up to iVersion 2, for 32-bit memory. A file with iVersion 1 does not have shared memory. */
export const ioMethodsLayout: Layout<IoMethod> = {
  bytes: 76,
  methods: {
    xClose: [4, 'i(p)'],
    xRead: [8, 'i(ppio)'],
    xWrite: [12, 'i(ppio)'],
    xTruncate: [16, 'i(po)'],
    xSync: [20, 'i(pi)'],
    xFileSize: [24, 'i(pp)'],
    xLock: [28, 'i(pi)'],
    xUnlock: [32, 'i(pi)'],
    xCheckReservedLock: [36, 'i(pp)'],
    xFileControl: [40, 'i(pip)'],
    xSectorSize: [44, 'i(p)'],
    xDeviceCharacteristics: [48, 'i(p)'],
    xShmMap: [52, 'i(piiip)'],
    xShmLock: [56, 'i(piii)'],
    xShmBarrier: [60, 'v(p)'],
    xShmUnmap: [64, 'i(pi)'],
  },
}

/** sqlite3_vfs up to iVersion 2, for 32-bit memory. */
export const vfsLayout: Layout<VfsMethod> = {
  bytes: 88,
  methods: {
    xOpen: [24, 'i(pppip)'],
    xDelete: [28, 'i(ppi)'],
    xAccess: [32, 'i(ppip)'],
    xFullPathname: [36, 'i(ppip)'],
    xRandomness: [56, 'i(pip)'],
    xSleep: [60, 'i(pi)'],
    xCurrentTime: [64, 'i(pp)'],
    xGetLastError: [68, 'i(pip)'],
    xCurrentTimeInt64: [72, 'i(pp)'],
  },
}

/** An int32 of a struct with its offset. */
export type Field = readonly [offset: number, value: number]

/** A C function for each method, as fields of the struct that `layout` describes. They live as long as this SQLite. */
export function methodFields<Name extends string>(
  sqlite: Sqlite,
  layout: Layout<Name>,
  methods: Readonly<Record<Name, Method>>,
): Field[] {
  return (Object.keys(layout.methods) as Name[]).map(name => {
    const [offset, signature] = layout.methods[name]
    return [offset, sqlite.functionPointer(signature, methods[name])]
  })
}

/** Allocates a struct that is never freed. Bytes that no field names are 0. */
export function makeStruct(
  sqlite: Sqlite,
  layout: Layout<string>,
  fields: readonly Field[],
): Pointer {
  const p = sqlite.alloc(layout.bytes)
  sqlite.u8.fill(0, p, p + layout.bytes)
  for (const [offset, value] of fields) sqlite.poke32(p + offset, value)
  return p
}
