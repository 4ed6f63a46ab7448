// The case `attach` on all cores: `node attach-process.js seed rounds checked`. A process of its own, because the bench
// itself keeps to one core, and an application beside a native driver does not.

import { wordSet } from '../data/sets.ts'
import { attachCase } from './attach.ts'

const [seed, rounds, checked] = process.argv.slice(2).map(Number)
process.stdout.write(JSON.stringify(await attachCase(wordSet(seed), { rounds, checked })))
