import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { Dice } from '../dice.ts'
import { noShell } from '../engine/vfs-process.ts'
import { seededTest } from '../seed.ts'
import { DiskFolder } from './disk-folder.ts'
import { STEPS, WrongAnswer } from './disk-steps.ts'
import { registerWatched } from './disk-vfs.ts'
import { digestOf, fillWorld, ownRows, SMALL } from './disk-world.ts'
import { wrongAfterwards, wrongError } from './faults-judge.ts'
import { runFaults, scenes } from './faults-suite.ts'
import { connect, describeScene, type Scene, Trial } from './faults-trial.ts'

const skip = noShell()

seededTest('FAULTS_SEED')(
  'a file operation that fails gives a clear error, and loses no commit and no connection',
  { skip },
  async (t, seed) => {
    const problems: string[] = []
    const failed = (problem: string): void => void problems.push(problem)
    const report = await runFaults(seed, {
      every: { small: 90, large: 600 },
      random: 1,
      scenes: scenes().filter(
        ({ size, mode, step }) =>
          size === SMALL || (mode === 'delete' && ['search', 'save', 'prune'].includes(step.name)),
      ),
      failed,
    })
    t.diagnostic(JSON.stringify(report))
    assert.deepEqual(problems, [])
  },
)

test(
  'a journal that ends while SQLite plays it back is named: a run of the full suite found it unnamed',
  { skip },
  async () => {
    const problems: string[] = []
    await runFaults(54_705_296, {
      every: { small: 0, large: 0 },
      random: 67,
      scenes: scenes().filter(scene => describeScene(scene) === 'small persist checkpoint'),
      failed: problem => void problems.push(problem),
    })
    assert.deepEqual(problems, [])
  },
)

test('errors that do not say what happened are found out', () => {
  assert.equal(
    wrongError(new VecError('SQLITE_IOERR', 'disk I/O error: EIO: read'), 'EIO'),
    undefined,
  )
  assert.match(
    wrongError(new VecError('SQLITE_IOERR', 'disk I/O error'), 'EIO') ?? '',
    /^neither errno/,
  )
  assert.match(
    wrongError(new VecError('SQLITE_CORRUPT', 'malformed'), 'end') ?? '',
    /^not about files/,
  )
  assert.match(
    wrongError(new VecError('SQLITE_BUSY', 'locked'), 'EIO') ?? '',
    /^SQLITE_BUSY for EIO/,
  )
  assert.match(wrongError(new TypeError('undefined'), 'EIO') ?? '', /^no VecError/)
  assert.match(wrongError(new WrongAnswer('r1'), 'end') ?? '', /^a wrong answer/)
})

test(
  'rows that are lost, answers that differ and files left open are found out',
  { skip },
  async () => {
    await registerWatched()
    const scene: Scene = { size: SMALL, mode: 'delete', step: STEPS[1] }
    const folder = new DiskFolder('faults')
    try {
      for (const path of [folder.main, folder.other]) {
        using db = await connect(path, 'delete')
        fillWorld(db, SMALL, new Dice(1))
      }
      const before = folder.read()
      const run = async (spoil: (trial: Trial) => void): Promise<string | undefined> => {
        folder.write(before)
        let other: string
        {
          using db = await connect(folder.other, 'delete')
          other = digestOf(ownRows(db))
        }
        const trial = await Trial.begin(folder, scene, { seed: 1, other })
        await scene.step.run(trial)
        const clean = { moments: trial.moments, answers: [...trial.answers] }
        spoil(trial)
        try {
          return await wrongAfterwards(folder, scene, trial, clean)
        } finally {
          trial.db.close()
        }
      }
      assert.equal(await run(() => undefined), undefined)
      const lost = await run(({ db }) => db.exec("DELETE FROM _vec_docs WHERE id = 'r1'"))
      assert.match(lost ?? '', /^the rows are not those of commit/)
      assert.match((await run(({ answers }) => (answers[0] = '[]'))) ?? '', /^search 0 found/)
      const held = await connect(folder.other, 'delete')
      held.pragma('schema_version')
      assert.match((await run(() => undefined)) ?? '', /still open|not of commit/)
      held.close()
    } finally {
      folder.remove()
    }
  },
)
