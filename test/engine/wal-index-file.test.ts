import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { constants, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { EINTR, type Fcntl, fcntl } from '../../src/sqlite/platform/node/fcntl.ts'
import { closeLockable, openLockable } from '../../src/sqlite/platform/node/lockable-files.ts'
import { MappedHeap } from '../../src/sqlite/platform/node/mapped-heap.ts'
import { memoryFence } from '../../src/sqlite/platform/node/memory-fence.ts'
import { type MemoryMaps, memoryMaps } from '../../src/sqlite/platform/node/mmap.ts'
import { installNodeVfs, lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { WalIndexFile } from '../../src/sqlite/platform/node/wal-index-file.ts'
import {
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_SHMLOCK,
  SQLITE_IOERR_SHMMAP,
  SQLITE_IOERR_SHMSIZE,
} from '../../src/sqlite/result-codes.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import type { OpenedFile, Vfs } from '../../src/sqlite/vfs/vfs.ts'
import { openNative } from './vfs-native.ts'
import {
  OPEN_CREATE,
  OPEN_URI,
  RawConnection,
  type RawError,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const { kind, reason } = lockSupport()
const skip = kind === 'ofd' ? false : reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const count = 'SELECT count(*) FROM t'
const ENODEV = 19
const EINVAL = 22
let files = 0
/** What of the system is another in the test that runs. */
let locks: Partial<Fcntl> = {}
let maps: Partial<MemoryMaps> = {}

afterEach(() => {
  locks = {}
  maps = {}
})

/** Connections with a system as the test wants it; `heap` as it is when the first of them opens its file. */
function registerOdd(name: string, moves = false): void {
  const inner = installNodeVfs(sqlite).vfs
  const realLocks = fcntl() as Fcntl
  const real = memoryMaps()
  const system: MemoryMaps = {
    get pageSize() {
      return maps.pageSize ?? real.pageSize
    },
    mapAt: (...args) => maps.mapAt?.(...args) ?? real.mapAt(...args),
    addressOf: view => maps.addressOf?.(view) ?? real.addressOf(view),
  }
  const calls: Fcntl = {
    set: (fd, lock) => locks.set?.(fd, lock) ?? realLocks.set(fd, lock),
    get: (fd, lock) => locks.get?.(fd, lock) ?? realLocks.get(fd, lock),
    dup2: (from, to) => realLocks.dup2(from, to),
  }
  const heap = new MappedHeap(sqlite, system, moves)
  const open: Vfs['open'] = (path, request) => {
    const opened = inner.open(path, request)
    return path === null || request.kind !== 'main-db' ? opened : odd(opened, path)
  }
  function odd({ file, readonly }: OpenedFile, path: string): OpenedFile {
    const database = openLockable(path, constants.O_RDWR)
    const memory = new WalIndexFile({ path, database, fcntl: calls, heap, share: () => undefined })
    return {
      readonly,
      file: {
        path,
        sharedMemory: memory,
        read: (into, offset) => file.read(into, offset),
        write: (bytes, offset) => file.write(bytes, offset),
        truncate: size => file.truncate(size),
        sync: dataOnly => file.sync(dataOnly),
        size: () => file.size(),
        close: () => {
          closeLockable(database)
          file.close()
        },
        get lockLevel() {
          return file.lockLevel
        },
        lock: level => file.lock(level),
        unlock: level => file.unlock(level),
        checkReserved: () => file.checkReserved(),
        hasMoved: () => file.hasMoved(),
      },
    }
  }
  registerVfs(sqlite, {
    name,
    open,
    delete: path => inner.delete(path),
    syncDirectory: path => inner.syncDirectory(path),
    access: (path, how) => inner.access(path, how),
    fullPath: path => inner.fullPath(path),
    randomness: into => inner.randomness(into),
    sleep: microseconds => inner.sleep(microseconds),
    now: () => inner.now(),
  })
}

if (skip === false) {
  registerOdd('odd')
  registerOdd('odd-follows', true)
}

function openOdd(path: string, vfs = 'odd'): RawConnection {
  return RawConnection.open(sqlite, `file://${path}?vfs=${vfs}`, OPEN_CREATE | OPEN_URI)
}

/** A native connection that has a WAL file open. */
function native(): { path: string; other: ReturnType<typeof openNative> } {
  const path = join(folder, `${++files}.sqlite`)
  const other = openNative(path)
  other.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1)')
  return { path, other }
}

function failsWith(code: number, message: RegExp, hint: RegExp, run: () => unknown): void {
  assert.throws(run, (error: RawError) => {
    assert.equal(error.code, code, error.message)
    assert.match(error.below?.message ?? '', message)
    assert.match(error.below?.hint ?? '', hint)
    return true
  })
}

/** The heap gives blocks and takes them back, all over. */
function exerciseHeap(): void {
  const blocks = Array.from({ length: 100 }, () => sqlite.alloc(50_000))
  for (const p of blocks) sqlite.u8.fill(0x5a, p, p + 50_000)
  for (const p of blocks) sqlite.free(p)
}

describe('a system', { skip }, () => {
  test('whose pages are larger than the regions of shared memory shares it, too', () => {
    const { path, other } = native()
    registerOddPages()
    const [db, two] = [openOdd(path, 'odd-pages'), openOdd(path, 'odd-pages')]
    for (const each of [db, two])
      each.all('PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF')
    for (let n = 0; n < 6; n++) {
      const rows = `INSERT INTO t WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 3000) SELECT randomblob(3000) FROM i`
      if (n % 2 === 0) db.all(rows)
      else two.all(rows)
      assert.deepEqual(db.all(count), other.all(count))
      assert.deepEqual(two.all(count), other.all(count))
    }
    assert.ok(statSync(`${path}-shm`).size >= 3 * 65536)
    // All that such a system knows grow the file by its pages; the native one here only adds to what is there.
    other.exec('INSERT INTO t VALUES(1)')
    assert.deepEqual(db.all(`PRAGMA integrity_check; ${count}`), ['ok', '18002'])
    for (const each of [db, two]) each.close()
    assert.deepEqual(other.all(`PRAGMA integrity_check`), ['ok'])
    other.close()
    exerciseHeap()
  })

  test('that cannot map the file is named, and the connection works once it can', () => {
    const { path, other } = native()
    const db = openOdd(path)
    maps = { mapAt: (...args) => (args[4] === -1 ? memoryMaps().mapAt(...args) : ENODEV) }
    failsWith(SQLITE_IOERR_SHMMAP, /cannot be mapped into memory: errno 19/, /mmap/, () =>
      db.all(count),
    )
    exerciseHeap()
    maps = {}
    assert.deepEqual(db.all(count), ['1'])
    db.close()
    other.close()
  })

  test('that cannot map a later region is named, and nothing is lost', () => {
    const { path, other } = native()
    const db = openOdd(path)
    db.all(`PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF; ${count}`)
    maps = { mapAt: (...args) => (args[4] === -1 ? memoryMaps().mapAt(...args) : ENODEV) }
    assert.throws(
      () =>
        db.all(
          'INSERT INTO t WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 9000) SELECT randomblob(3000) FROM i',
        ),
      { code: SQLITE_IOERR_SHMMAP },
    )
    maps = {}
    other.exec('INSERT INTO t VALUES(2)')
    assert.deepEqual(db.all(`${count}; PRAGMA integrity_check`), ['2', 'ok'])
    for (const each of [db, other]) each.close()
    exerciseHeap()
  })

  test('that moves the memory of SQLite is refused from then on', () => {
    const { path, other } = native()
    const db = openOdd(path)
    assert.deepEqual(db.all(count), ['1'])
    const before = sqlite.memory.buffer
    const hoard: number[] = []
    while (sqlite.memory.buffer === before) hoard.push(sqlite.alloc(2 ** 24))
    maps = { addressOf: () => 0x1000 }
    failsWith(SQLITE_IOERR_SHMMAP, /memory moved as it grew/, /exclusive: true/, () =>
      db.all(count),
    )
    maps = {}
    assert.deepEqual(db.all(count), ['1'])
    for (const p of hoard) sqlite.free(p)
    db.close()
    other.close()
  })

  test('that cannot map the file again after the memory grew is refused, until it is closed', () => {
    const { path, other } = native()
    const db = openOdd(path, 'odd-follows')
    assert.deepEqual(db.all(count), ['1'])
    const hoard: number[] = []
    const grow = (): void => {
      const before = sqlite.memory.buffer
      while (sqlite.memory.buffer === before) hoard.push(sqlite.alloc(2 ** 24))
    }
    grow()
    other.exec('INSERT INTO t VALUES(2)')
    assert.deepEqual(db.all(count), ['2'])
    maps = { mapAt: (...args) => (args[4] === -1 ? memoryMaps().mapAt(...args) : ENODEV) }
    grow()
    maps = {}
    failsWith(SQLITE_IOERR_SHMMAP, /memory moved as it grew/, /exclusive: true/, () =>
      db.all(count),
    )
    db.close()
    const again = openOdd(path, 'odd-follows')
    assert.deepEqual(again.all(count), ['2'])
    again.close()
    for (const p of hoard) sqlite.free(p)
    other.close()
  })

  test('without byte-range locks on the file is named', () => {
    const { path, other } = native()
    const db = openOdd(path)
    locks = { get: () => EINVAL, set: () => EINVAL }
    failsWith(SQLITE_IOERR_LOCK, /cannot be locked: errno 22/, /byte-range locks and mmap/, () =>
      db.all(count),
    )
    locks = { set: () => EINVAL }
    failsWith(SQLITE_IOERR_SHMLOCK, /cannot be locked: errno 22/, /byte-range locks/, () =>
      db.all(count),
    )
    locks = {}
    assert.deepEqual(db.all(count), ['1'])
    db.close()
    other.close()
  })

  test('that interrupts calls is asked again', () => {
    const { path, other } = native()
    const db = openOdd(path)
    let interruptions = 0
    const real = fcntl() as Fcntl
    const interrupted = (call: 'get' | 'set') => (fd: number, lock: Uint8Array) =>
      ++interruptions % 3 === 0 ? real[call](fd, lock) : EINTR
    locks = { get: interrupted('get'), set: interrupted('set') }
    for (let n = 2; n < 5; n++) {
      db.all(`INSERT INTO t VALUES(${n})`)
      assert.deepEqual(db.all(count), [String(n)])
    }
    db.close()
    locks = {}
    assert.deepEqual(other.all(count), ['4'])
    other.close()
    assert.ok(interruptions > 30)
  })

  describe('with a full disk', () => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mount = ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk]
    const mounted = spawnSync('mount', mount).status === 0
    after(() => mounted && spawnSync('umount', [disk]))

    test(
      'says that the shared memory cannot grow',
      { skip: !mounted && 'a small disk cannot be mounted' },
      () => {
        const path = join(disk, 'full.sqlite')
        const made = openNative(path)
        made.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1)')
        made.close()
        const filler = join(disk, 'filler')
        assert.throws(() => writeFileSync(filler, Buffer.alloc(300_000)), { code: 'ENOSPC' })
        const db = RawConnection.open(sqlite, path)
        failsWith(SQLITE_IOERR_SHMSIZE, /full.sqlite-shm: .* cannot grow: ENOSPC/, /./, () =>
          db.all(count),
        )
        rmSync(filler)
        assert.deepEqual(db.all(count), ['1'])
        db.close()
      },
    )
  })
})

/** A system with pages of 64 KiB, as some of ARM and POWER: any multiple of the real ones behaves like that. */
function registerOddPages(): void {
  maps = { pageSize: 65536 }
  registerOdd('odd-pages')
}

test('the fence is an instruction that every engine compiles', () => {
  const fence = memoryFence()
  assert.equal(fence(), undefined)
  assert.equal(memoryFence(), fence)
})
