import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HelpTrial } from '../../src/index/kinds/exact/threads/help-trial.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'

/** What `searches` take, if one takes `alone` without help and `helped` with it, and how many are helped. */
function run(
  trial: HelpTrial,
  searches: number,
  { alone, helped }: { alone: number; helped: number },
): { time: number; helps: number } {
  let time = 0
  let helps = 0
  for (let i = 0; i < searches; i++) {
    const help = trial.pick()
    const took = help ? helped : alone
    trial.add(help, took)
    time += took
    if (help) helps++
  }
  return { time, helps }
}

test('help that costs time is tried so seldom that all searches together take 3 % longer at most', () => {
  for (const helped of [1, 1.02, 1.1, 1.24, 1.3, 1.6, 2, 2.5, 6]) {
    const trial = new HelpTrial()
    run(trial, 20, { alone: 1, helped })
    const { time } = run(trial, 1000, { alone: 1, helped })
    assert.ok(time <= 1030, `${time} for ${helped}`)
  }
})

test('help that saves time is used', () => {
  for (const helped of [0.5, 0.7, 0.9, 0.96]) {
    const trial = new HelpTrial()
    const { helps } = run(trial, 1000, { alone: 1, helped })
    assert.ok(helps > 900, `${helps} for ${helped}`)
  }
})

test('it is noticed when other programs take the cores, and when they give them back', () => {
  const trial = new HelpTrial()
  run(trial, 500, { alone: 1, helped: 0.6 })
  run(trial, 100, { alone: 2, helped: 4 })
  assert.ok(run(trial, 1000, { alone: 2, helped: 4 }).time <= 2060)
  run(trial, 1500, { alone: 1, helped: 0.6 })
  assert.ok(run(trial, 1000, { alone: 1, helped: 0.6 }).helps > 900)
})

test('one search that was interrupted changes nothing', () => {
  const trial = new HelpTrial()
  run(trial, 100, { alone: 1, helped: 0.6 })
  trial.add(true, 1000)
  assert.ok(run(trial, 200, { alone: 1, helped: 0.6 }).helps > 180)
})

test('neither do the first searches with help, which compile code, nor one of them that was interrupted', () => {
  for (const interrupted of [0, 1, 2, 3, 4]) {
    const trial = new HelpTrial()
    let first = 0
    for (let i = 0; i < 16; i++) {
      const help = trial.pick()
      const number = help ? first++ : -1
      trial.add(help, !help ? 1 : number === interrupted ? 400 : number < 3 ? 3 - number : 0.6)
    }
    assert.ok(run(trial, 200, { alone: 1, helped: 0.6 }).helps > 170, `number ${interrupted}`)
  }
})

/** What searches take on a loaded machine, in proportion to what they would all take without help. */
function onLoadedMachine(helped: number): number {
  const r = random(Math.round(helped * 100))
  let alone = 0
  let taken = 0
  for (let index = 0; index < 60; index++) {
    const trial = new HelpTrial()
    for (let i = 0; i < 1000; i++) {
      const interruption = r.next()
      const time = (0.9 + 0.4 * r.next()) * (interruption < 0.1 ? 8 : interruption < 0.3 ? 2 : 1)
      const help = trial.pick()
      trial.add(help, help ? helped * time : time)
      taken += help ? helped * time : time
      alone += time
    }
  }
  return taken / alone
}

const seeded = seededTest('INDEX_SEED')

seeded('where searches are interrupted, help that costs time costs 4 % at most', () => {
  for (const helped of [1, 1.05, 1.1, 1.2, 1.4, 2]) {
    const ratio = onLoadedMachine(helped)
    assert.ok(ratio <= 1.04, `${ratio} for ${helped}`)
  }
})

seeded('where searches are interrupted, help that saves much time is used', () => {
  const ratio = onLoadedMachine(0.6)
  assert.ok(ratio <= 0.72, `${ratio}`)
})
