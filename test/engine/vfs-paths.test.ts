import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  fileIdentity,
  installNodeVfs,
  lastVfsError,
  readJournalMode,
} from '../../src/sqlite/platform/node/node-vfs.ts'
import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_FULLPATH,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_READONLY_DIRECTORY,
} from '../../src/sqlite/result-codes.ts'
import { openNative } from './vfs-native.ts'
import {
  OPEN_CREATE,
  OPEN_READONLY,
  OPEN_READWRITE,
  OPEN_URI,
  RawConnection,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const NOTADB = 26
const READONLY = 8
const OPEN_NOFOLLOW = 0x01000000
const noPosix = process.platform === 'win32' && 'POSIX only'
const isRoot = process.geteuid?.() === 0

function open(path: string, flags: number = OPEN_CREATE): RawConnection {
  return RawConnection.open(sqlite, path, flags)
}

function create(path: string): string {
  const db = open(path)
  db.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
  db.close()
  return path
}

function readAll(path: string, flags: number = OPEN_READWRITE): string[] {
  const db = open(path, flags)
  try {
    return db.all('SELECT a FROM t')
  } finally {
    db.close()
  }
}

/** Root is refused nothing, so the body runs as nobody. */
function withoutPrivileges(body: () => void): void {
  if (isRoot) process.seteuid?.(65534)
  try {
    body()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('names', () => {
  const names = [
    'with spaces',
    'ünïcödé-日本-🙂',
    '100%',
    'a?b=c',
    'a#b',
    "quote'd",
    'x'.repeat(200),
    '-dash',
    'back\\slash',
  ]
  for (const name of names)
    test(`${JSON.stringify(name.slice(0, 20))} is a name like any other`, { skip: noPosix }, () => {
      const path = create(join(folder, name))
      assert.deepEqual(readAll(path), ['1'])
      assert.ok(readdirSync(folder).includes(name))
    })

  test('a URI is decoded, and its mode obeyed', () => {
    const path = join(folder, 'uri 1%.sqlite')
    const uri = `file://${encodeURI(path)}`
    assert.throws(() => open(`${uri}?mode=rw`, OPEN_CREATE | OPEN_URI), { code: SQLITE_CANTOPEN })
    const db = open(uri, OPEN_CREATE | OPEN_URI)
    db.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
    db.close()
    assert.ok(existsSync(path))
    const reader = open(`${uri}?mode=ro`, OPEN_CREATE | OPEN_URI)
    assert.throws(() => reader.all('DELETE FROM t'), { code: READONLY })
    reader.close()
  })

  test('a relative one, with dots and doubled slashes, is the same file', { skip: noPosix }, () => {
    const path = create(join(folder, 'dots.sqlite'))
    mkdirSync(join(folder, 'sub'))
    assert.deepEqual(readAll(`${folder}//sub/.././dots.sqlite`), ['1'])
    const before = process.cwd()
    process.chdir(folder)
    try {
      assert.deepEqual(readAll('dots.sqlite'), ['1'])
    } finally {
      process.chdir(before)
    }
    assert.equal(fileIdentity(path), fileIdentity(`${folder}/sub/../dots.sqlite`))
  })

  test('one that is too long is refused with its length', () => {
    const long = join(folder, ...Array.from({ length: 60 }, () => '0123456789'), 'x.sqlite')
    assert.throws(() => open(long), { code: SQLITE_CANTOPEN_FULLPATH })
    assert.match(
      lastVfsError(SQLITE_CANTOPEN_FULLPATH)?.message ?? '',
      /the path has \d+ bytes, but SQLite allows at most 512/,
    )
    assert.throws(() => open(join(folder, 'x'.repeat(300))), /cannot open/)
  })
})

describe('names that SQLite cannot have meant', () => {
  const before = readdirSync('.')

  test('a relative one is refused by everything that takes a name', () => {
    const { vfs } = installNodeVfs(sqlite)
    const request = { kind: 'main-db', write: true, create: true } as const
    const expected = {
      code: SQLITE_CANTOPEN,
      message: /\\u0001x\.sqlite/,
    }
    const name = '\u0001x.sqlite'
    const how = { ...request, exclusive: false, deleteOnClose: false }
    assert.throws(() => vfs.open(name, how), expected)
    assert.throws(() => vfs.open('', how), { code: SQLITE_CANTOPEN })
    assert.throws(() => vfs.delete(name), expected)
    assert.throws(() => vfs.access(name, 'exists'), expected)
    assert.throws(() => vfs.access(name, 'readwrite'), expected)
    assert.throws(() => vfs.syncDirectory(name), expected)
    assert.deepEqual(readdirSync('.'), before)
  })

  test(
    'one that is not UTF-8 is refused, and no file of another name is made',
    { skip: noPosix },
    () => {
      const db = open(':memory:')
      const bytes = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)])
      assert.throws(() => db.all(`ATTACH CAST(x'${bytes.toString('hex')}' AS TEXT) AS a`), {
        code: SQLITE_CANTOPEN,
      })
      const message = lastVfsError(SQLITE_CANTOPEN)?.message ?? ''
      assert.match(message, /caf\ufffd".*\bUTF-8\b/)
      assert.ok(!readdirSync(folder).some(name => name.startsWith('caf')))
      db.close()
    },
  )
})

describe('symbolic links', { skip: noPosix }, () => {
  test('lead to one file: its journal and its locks', () => {
    const path = create(join(folder, 'real.sqlite'))
    mkdirSync(join(folder, 'links'))
    const link = join(folder, 'links', 'link.sqlite')
    symlinkSync('../real.sqlite', link)
    symlinkSync(folder, join(folder, 'links', 'folder'))
    const one = open(link)
    const two = open(join(folder, 'links', 'folder', 'real.sqlite'))
    one.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    assert.ok(existsSync(`${path}-journal`))
    assert.ok(!existsSync(`${link}-journal`))
    assert.throws(() => two.all('BEGIN IMMEDIATE'), { code: SQLITE_BUSY })
    one.all('COMMIT')
    assert.deepEqual(two.all('SELECT a FROM t'), ['1', '2'])
    one.close()
    two.close()
  })

  test('to a missing file make that file', () => {
    symlinkSync('target.sqlite', join(folder, 'dangling'))
    create(join(folder, 'dangling'))
    assert.ok(existsSync(join(folder, 'target.sqlite')))
  })

  test('in a circle are refused, and all of them on request', () => {
    symlinkSync('circle-b', join(folder, 'circle-a'))
    symlinkSync('circle-a', join(folder, 'circle-b'))
    assert.throws(() => open(join(folder, 'circle-a')), { code: SQLITE_CANTOPEN_FULLPATH })
    const CANTOPEN_SYMLINK = 1550
    symlinkSync('real.sqlite', join(folder, 'plain'))
    assert.throws(() => open(join(folder, 'plain'), OPEN_READWRITE | OPEN_NOFOLLOW), {
      code: CANTOPEN_SYMLINK,
    })
  })
})

describe('what is no database', () => {
  test('a missing folder or file, a directory, and a file as a folder cannot be opened', () => {
    assert.throws(() => open(join(folder, 'no', 'such.sqlite')), { code: SQLITE_CANTOPEN })
    assert.match(lastVfsError(SQLITE_CANTOPEN)?.message ?? '', /ENOENT.*such\.sqlite/)
    assert.throws(() => open(join(folder, 'none.sqlite'), OPEN_READWRITE), {
      code: SQLITE_CANTOPEN,
    })
    assert.ok(!existsSync(join(folder, 'none.sqlite')))
    assert.throws(() => open(folder), { code: SQLITE_CANTOPEN_ISDIR })
    assert.throws(() => open(folder, OPEN_READONLY), { code: SQLITE_CANTOPEN_ISDIR })
    const file = create(join(folder, 'file.sqlite'))
    assert.throws(() => open(join(file, 'x.sqlite')), { code: SQLITE_CANTOPEN })
    assert.match(lastVfsError(SQLITE_CANTOPEN)?.message ?? '', /ENOTDIR/)
  })

  test('a pipe is refused instead of waited for', { skip: noPosix }, () => {
    const pipe = join(folder, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    assert.throws(() => open(pipe, OPEN_READONLY), { code: SQLITE_CANTOPEN })
    assert.throws(() => open(pipe), { code: SQLITE_CANTOPEN })
    assert.equal(readJournalMode(pipe), 'not-a-database')
  })

  test('an empty file becomes one', () => {
    const path = join(folder, 'empty.sqlite')
    writeFileSync(path, '')
    assert.equal(readJournalMode(path), 'empty')
    create(path)
    assert.deepEqual(readAll(path), ['1'])
  })

  test('an empty journal is no journal', () => {
    const path = create(join(folder, 'empty-journal.sqlite'))
    writeFileSync(`${path}-journal`, '')
    assert.deepEqual(readAll(path), ['1'])
  })

  for (const [name, content] of [
    ['text', 'no database at all\n'.repeat(100)],
    ['a few bytes', 'abc'],
  ] as const)
    test(`${name} is refused and left as it is`, () => {
      const path = join(folder, `${name}.sqlite`)
      writeFileSync(path, content)
      assert.equal(readJournalMode(path), 'not-a-database')
      assert.throws(() => readAll(path), { code: NOTADB })
    })
})

describe('permissions', { skip: noPosix }, () => {
  const shared = join(folder, 'shared')
  mkdirSync(shared)
  chmodSync(folder, 0o755)
  chmodSync(shared, 0o777)

  test('a file that may not be read is refused', () => {
    const path = create(join(shared, 'secret.sqlite'))
    chmodSync(path, 0o000)
    withoutPrivileges(() => assert.throws(() => open(path), { code: SQLITE_CANTOPEN }))
    assert.match(lastVfsError(SQLITE_CANTOPEN)?.message ?? '', /EACCES.*secret/)
  })

  test('a file that may not be written is opened for reading', () => {
    const path = create(join(shared, 'readonly.sqlite'))
    chmodSync(path, 0o444)
    withoutPrivileges(() => {
      const db = open(path)
      assert.deepEqual(db.all('SELECT a FROM t'), ['1'])
      assert.throws(() => db.all('DELETE FROM t'), { code: READONLY })
      db.close()
    })
  })

  test('in a folder that may not be written files are read, and writing says why not', () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    const path = create(join(closed, 'file.sqlite'))
    chmodSync(path, 0o666)
    chmodSync(closed, 0o555)
    withoutPrivileges(() => {
      const db = open(path)
      assert.deepEqual(db.all('SELECT a FROM t'), ['1'])
      assert.throws(() => db.all('DELETE FROM t'), { code: SQLITE_READONLY_DIRECTORY })
      assert.match(lastVfsError(SQLITE_READONLY_DIRECTORY)?.message ?? '', /folder/)
      db.close()
      assert.throws(() => open(join(closed, 'new.sqlite')), { code: SQLITE_CANTOPEN })
    })
  })
})

describe('the header', () => {
  test('tells a WAL file from one with a rollback journal', () => {
    const path = create(join(folder, 'mode.sqlite'))
    assert.equal(readJournalMode(path), 'delete')
    const native = openNative(path)
    native.exec('PRAGMA journal_mode = WAL')
    native.close()
    assert.equal(readJournalMode(path), 'wal')
    const db = open(path)
    assert.deepEqual(db.all('PRAGMA locking_mode = EXCLUSIVE; SELECT a FROM t'), ['exclusive', '1'])
    db.close()
    assert.equal(readJournalMode(join(folder, 'not there')), 'empty')
  })

  test(
    'of a file in use is read without touching the locks of native code',
    { skip: noPosix },
    () => {
      const path = create(join(folder, 'in-use.sqlite'))
      const native = openNative(path)
      native.exec('BEGIN IMMEDIATE')
      assert.equal(readJournalMode(path), 'delete')
      const db = open(path)
      assert.throws(() => db.all('BEGIN IMMEDIATE'))
      db.close()
      native.close()
    },
  )
})

describe('identity', () => {
  test('is that of the file, not of its name', () => {
    const path = create(join(folder, 'identity.sqlite'))
    linkSync(path, join(folder, 'hard link'))
    assert.equal(fileIdentity(path), fileIdentity(join(folder, 'hard link')))
    assert.notEqual(fileIdentity(path), fileIdentity(create(join(folder, 'other.sqlite'))))
    assert.equal(fileIdentity(join(folder, 'missing')), undefined)
  })
})
