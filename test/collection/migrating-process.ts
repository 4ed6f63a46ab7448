// Migrates a collection, telling on stdout what it does, until it is killed or done. Arguments: file, milliseconds a batch.
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { open } from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { embedLetters } from './letters.ts'

const [file, pause] = process.argv.slice(2)
const db = await open(file)
const wide = embedLetters('abcde')
const docs = new Collection(db, {
  table: 'docs',
  dataset: 'd',
  model: 'wide',
  embed: async (texts, options) => {
    await setTimeout(Number(pause))
    return wide(texts, options)
  },
})
const report = await docs.migrate({
  batch: 50,
  onProgress: ({ phase, done }) => writeSync(1, `${phase} ${done}\n`),
})
writeSync(1, `done ${report.embedded}\n`)
db.close()
