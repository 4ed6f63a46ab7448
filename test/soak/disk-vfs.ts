import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import { type Around, decoratedVfs } from '../engine/decorated-vfs.ts'
import { sqliteAlone } from '../engine/sqlite-alone.ts'

const NAME = 'watched'
/** The disk under a test does not fail: a sync can be seen and can fail, but waits for nothing. */
const SYNCS: ReadonlySet<string> = new Set(['sync', 'syncDirectory'])
const nothing = (): unknown => undefined
const plain: Around = (_call, go) => go()
let around = plain
let registered = false

/** Registers the file system whose calls can be watched, over that of the platform. */
export async function registerWatched(): Promise<void> {
  if (registered) return
  registered = true
  const sqlite = await sqliteAlone()
  const { vfs } = installNodeVfs(sqlite)
  registerVfs(
    sqlite,
    decoratedVfs(NAME, vfs, (call, go) =>
      around(call, SYNCS.has(call.operation) ? (nothing as typeof go) : go),
    ),
  )
}

/** Lets `next` see every call from now on, or nothing when it is undefined. */
export function watch(next: Around | undefined): void {
  around = next ?? plain
}

/** The name under which a file is opened so that all calls for it, its journals and attached files can be watched. */
export function watchedName(path: string): string {
  return `file://${path}?vfs=${NAME}`
}
