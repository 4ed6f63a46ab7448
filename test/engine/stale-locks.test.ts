import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import {
  lockDirectoryHeld,
  lockDirectoryOf,
} from '../../src/sqlite/platform/node/lock-directory.ts'
import { type LockOwner, isGone, thisOwner } from '../../src/sqlite/platform/node/lock-owner.ts'
import { noPatches } from './replaced-fs.ts'
import { Child } from './vfs-process.ts'
import { RawConnection, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

const sqlite = await sqliteWithFiles('directory')
const folder = temporaryFolder()
let files = 0

const newPath = (): string => join(folder, `${++files}.sqlite`)

/** Files beside the database that locking left. */
function leftOf(path: string): string[] {
  return readdirSync(folder).filter(each => each.startsWith(`${basename(path)}-lock`))
}

describe('a lock owner', () => {
  const here = thisOwner('token')
  const cases: [name: string, owner: Partial<LockOwner>, gone: boolean][] = [
    ['that lives', {}, false],
    ['whose process is gone', { pid: 2 ** 30 }, true],
    ['whose number was given to a younger process', { started: '1' }, process.platform === 'linux'],
    ['whose thread is gone', { thread: 2 ** 30, threadStarted: '1' }, process.platform === 'linux'],
    [
      'whose thread has the number of a younger one',
      { threadStarted: '1' },
      process.platform === 'linux',
    ],
    ['whose thread is unknown', { thread: 0, threadStarted: '' }, false],
    ['on another host', { host: `not-${hostname()}`, pid: 2 ** 30 }, false],
    ['on another machine of the same name', { machine: 'other', pid: 2 ** 30 }, false],
    ['in another PID namespace', { namespace: 'pid:[1]', pid: 2 ** 30 }, false],
  ]
  for (const [name, change, gone] of cases)
    test(`${name} counts as ${gone ? 'gone' : 'alive'}`, () =>
      assert.equal(isGone({ ...here, ...change }), gone))

  test(
    'from before a restart of this machine counts as gone',
    { skip: here.machine === '' && 'no /etc/machine-id' },
    () => assert.ok(isGone({ ...here, boot: 'an earlier one' })),
  )
})

function plant(owner: object | undefined, directory = lockDirectoryOf(newPath())): string {
  mkdirSync(directory)
  if (owner) writeFileSync(join(directory, 'owner'), JSON.stringify(owner))
  return directory
}

/** Whether a process that is killed before its change with this number makes fewer. */
async function survives(path: string, change: number): Promise<boolean> {
  const child = new Child('directory', path, 'killed', String(change))
  const alive = (await child.end()).includes('alive')
  assert.ok(alive || child.process.signalCode === 'SIGKILL', child.lines.join())
  return alive
}

describe('a lock directory', () => {
  test('of a gone owner is removed, of any other it stays', () => {
    const gone = plant({ ...thisOwner('t'), pid: 2 ** 30 })
    assert.ok(!lockDirectoryHeld(gone))
    assert.ok(!existsSync(gone))
    const foreign = plant({ ...thisOwner('t'), host: 'elsewhere' })
    assert.ok(lockDirectoryHeld(foreign))
    assert.match(readFileSync(join(foreign, 'owner'), 'utf8'), /elsewhere/)
  })

  test('is not removed while another process is at it', () => {
    const gone = plant({ ...thisOwner('t'), pid: 2 ** 30 })
    const claims = [1, 2].map(n => `${gone}.takeover-t.${n}`)
    plant({ ...thisOwner('a'), pid: 2 ** 30 }, claims[0])
    plant(thisOwner('b'), claims[1])
    assert.ok(lockDirectoryHeld(gone))
    assert.ok([gone, ...claims].every(existsSync))
  })

  test('is taken over where earlier versions left their guard', () => {
    const gone = plant({ ...thisOwner('t'), pid: 2 ** 30 })
    mkdirSync(`${gone}.takeover`)
    assert.ok(!lockDirectoryHeld(gone))
    assert.ok(!existsSync(gone))
  })

  test('whose owner has no token for a file name is no lock of ours', () => {
    for (const token of ['../x', '', 1, null])
      assert.ok(!lockDirectoryHeld(plant({ ...thisOwner('t'), pid: 2 ** 30, token })))
  })

  test(
    'is taken over wherever those that took it over before were killed',
    { skip: noPatches() },
    async () => {
      let killed = -1
      let alive: boolean
      do {
        killed++
        const path = newPath()
        const made = RawConnection.open(sqlite, path)
        made.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
        made.close()
        const directory = plant({ ...thisOwner('t'), pid: 2 ** 30 }, lockDirectoryOf(path))
        alive = await survives(path, killed)
        // A second one is killed with the claim after that of the first.
        const claimed = leftOf(path).some(name => name.includes('.takeover'))
        if (claimed && existsSync(directory)) alive = await survives(path, killed)
        const next = RawConnection.open(sqlite, path)
        assert.deepEqual(next.all('SELECT a FROM t'), ['1'])
        next.close()
        assert.deepEqual(leftOf(path), [], `killed before change ${killed}`)
      } while (!alive)
      // Its own lock, a claim, the lock of the gone owner, and their removal.
      assert.ok(killed > 8, `${killed} changes`)
    },
  )

  test('without an owner is no lock of ours', () => assert.ok(!lockDirectoryHeld(plant(undefined))))
})
