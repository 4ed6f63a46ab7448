import type { WasmMemory } from '../../core/wasm-memory.ts'

/** ENOSYS in the C library of the module. */
const NOT_IMPLEMENTED = 52

/** The maximum size of SQLite's memory: 2 GiB. */
export const MAX_MEMORY_PAGES = 32_768
const PAGE_BYTES = 65_536
/** The most that the memory grows beyond a request, so that many small requests do not each grow it. */
const MAX_SPARE_BYTES = 96 * 2 ** 20

const refuse = (): number => -NOT_IMPLEMENTED
const refuseWasi = (): number => NOT_IMPLEMENTED

type HostFunction = (...args: never[]) => number | undefined

/**
 * The system functions that SQLite's C library imports: clocks, time zones and memory growth. Its file functions
 * fail, since SQLite reaches files through the file systems that we register.
 */
export function hostFunctions(memory: WasmMemory): Record<string, Record<string, HostFunction>> {
  const view = (): DataView => new DataView(memory.buffer)
  const env: Record<string, HostFunction> = {
    emscripten_date_now: () => Date.now(),
    emscripten_get_now: () => performance.now(),
    emscripten_get_heap_max: () => MAX_MEMORY_PAGES * PAGE_BYTES,
    emscripten_resize_heap: (bytes: number) => (grow(memory, bytes >>> 0) ? 1 : 0),
    _localtime_js: (seconds: bigint, pTime: number) => localTime(view(), seconds, pTime),
    _tzset_js: (pOffset: number, pSaving: number, pName: number, pSavingName: number) =>
      timeZone(view(), pOffset, pSaving, pName, pSavingName),
    _mmap_js: refuse,
    _munmap_js: refuse,
  }
  for (const call of SYSTEM_CALLS) env[`__syscall_${call}`] = refuse
  return {
    env,
    wasi_snapshot_preview1: {
      clock_time_get: (_clock: number, _precision: bigint, pTime: number) => {
        view().setBigInt64(pTime, BigInt(Date.now()) * 1_000_000n, true)
        return 0
      },
      environ_get: () => 0,
      environ_sizes_get: (pCount: number, pBytes: number) => {
        view().setInt32(pCount, 0, true)
        view().setInt32(pBytes, 0, true)
        return 0
      },
      fd_close: refuseWasi,
      fd_fdstat_get: refuseWasi,
      fd_read: refuseWasi,
      fd_seek: refuseWasi,
      fd_sync: refuseWasi,
      fd_write: refuseWasi,
    },
  }
}

const SYSTEM_CALLS = [
  'chmod',
  'faccessat',
  'fchmod',
  'fchown32',
  'fcntl64',
  'fstat64',
  'ftruncate64',
  'getcwd',
  'ioctl',
  'lstat64',
  'mkdirat',
  'newfstatat',
  'openat',
  'readlinkat',
  'rmdir',
  'stat64',
  'unlinkat',
  'utimensat',
] as const

/** Grows the memory to `bytes` plus a fifth, or by less if that much is not available. */
function grow(memory: WasmMemory, bytes: number): boolean {
  const before = memory.buffer.byteLength
  for (const share of [0.2, 0.1, 0.05]) {
    const wanted = Math.max(bytes, Math.min(before * (1 + share), bytes + MAX_SPARE_BYTES))
    const pages = Math.min(MAX_MEMORY_PAGES, Math.ceil(wanted / PAGE_BYTES))
    if (pages * PAGE_BYTES < bytes) return false
    try {
      memory.grow(pages - before / PAGE_BYTES)
      return true
    } catch {
      // Try a smaller size. If none is available, SQLite reports SQLITE_NOMEM.
    }
  }
  return false
}

/** Writes C's `struct tm`: from the seconds to the day of the year, and whether daylight saving time applies. */
function localTime(view: DataView, seconds: bigint, pTime: number): undefined {
  const time = new Date(Number(seconds) * 1000)
  const year = time.getFullYear()
  const dayOfYear =
    (Date.UTC(year, time.getMonth(), time.getDate()) - Date.UTC(year, 0, 1)) / 86_400_000
  const fields = [
    time.getSeconds(),
    time.getMinutes(),
    time.getHours(),
    time.getDate(),
    time.getMonth(),
    year - 1900,
    time.getDay(),
    dayOfYear,
    time.getTimezoneOffset() < standardOffset(year) ? 1 : 0,
    -time.getTimezoneOffset() * 60,
  ]
  for (const [at, value] of fields.entries()) view.setInt32(pTime + at * 4, value, true)
}

/** Minutes west of Greenwich without daylight saving time. */
function standardOffset(year: number): number {
  return Math.max(...[0, 6].map(month => new Date(year, month, 1).getTimezoneOffset()))
}

function timeZone(
  view: DataView,
  pOffset: number,
  pSaving: number,
  pName: number,
  pSavingName: number,
): undefined {
  const year = new Date().getFullYear()
  const [january, july] = [0, 6].map(month => new Date(year, month, 1).getTimezoneOffset())
  view.setInt32(pOffset, standardOffset(year) * 60, true)
  view.setInt32(pSaving, january === july ? 0 : 1, true)
  // SQLite never asks for the names of time zones.
  view.setUint8(pName, 0)
  view.setUint8(pSavingName, 0)
}
