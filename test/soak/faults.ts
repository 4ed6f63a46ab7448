/**
 * `npm run soak:faults`: every call on the file system fails, in every way, once and until lifted, from FAULTS_SEED.
 * FAULTS_EVERY: one in so many (1; of the large tables 20 times as many are left out; 0: none). FAULTS_RANDOM: runs of each
 * scene in which calls fail at random (100). FAULTS_ONLY: one
 * scene, FAULTS_FAULT: one fault in it, both as a failure prints them.
 */
import { seedFor } from '../seed.ts'
import type { Fault } from './faults-plan.ts'
import { runFaults, scenes } from './faults-suite.ts'
import { describeScene } from './faults-trial.ts'

const seed = seedFor('FAULTS_SEED')
const every = Number(process.env['FAULTS_EVERY'] ?? 1)
const random = Number(process.env['FAULTS_RANDOM'] ?? 100)
const only = process.env['FAULTS_ONLY']
const fault = process.env['FAULTS_FAULT']
console.log(`FAULTS_SEED=${seed} FAULTS_EVERY=${every} FAULTS_RANDOM=${random}`)
let problems = 0
const report = await runFaults(seed, {
  every: { small: every, large: every * 20 },
  random,
  scenes: scenes().filter(scene => only === undefined || describeScene(scene).includes(only)),
  only: fault === undefined ? undefined : (JSON.parse(fault) as Fault),
  failed: problem => {
    if (++problems <= 20) console.error(problem)
    process.exitCode = 1
  },
  progress: done => console.log(`${done}, ${process.uptime().toFixed(0)} s`),
})
console.log(JSON.stringify({ ...report, problems }))
