// The benchmark: `npm run bench -- [--quick] [--only words,mixture,pages,sentences,flat,threads,connect,cache,statements,drop-in,attach,shared,freshness,kinds,filters,types,sizes,hybrid,command,browser,recall] [--seed N]`
// Not among the default cases: `million` (1,000,000 x 768, 5 GB of disk), `ten-million` (10,000,000 x 384, 22 GB of disk).
// --rows gives them another number of rows, --budget the GB of disk that they may take (30). With --keep, their file stays,
// and the next run with --keep does not load it again.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { open } from '../src/entries/main.ts'
import { attachOnAllCores } from './cases/attach.ts'
import { browserCase } from './cases/browser.ts'
import { cacheCase } from './cases/cache.ts'
import { commandCase } from './cases/command.ts'
import { connectCase } from './cases/connect.ts'
import { dropInCase } from './cases/drop-in.ts'
import { filterCase } from './cases/filters.ts'
import { freshnessCase } from './cases/freshness.ts'
import { hybridCase } from './cases/hybrid.ts'
import { kindCase, treeCase } from './cases/kinds.ts'
import { millionCase } from './cases/million.ts'
import { pageSizeCase } from './cases/page-size.ts'
import { recallCase } from './cases/recall.ts'
import { searchCase } from './cases/search.ts'
import { sharedFilesCase } from './cases/shared-files.ts'
import { sizesCase } from './cases/sizes.ts'
import { statementCase } from './cases/statements.ts'
import { threadsCase } from './cases/threads.ts'
import { typesCase } from './cases/types.ts'
import { canPin, idlestCore } from './cores.ts'
import { flatSet, mixtureSet, sentenceSet, sheetSet, wordSet, type DataSet } from './data/sets.ts'
import { recallPlot } from './recall-plot.ts'
import { markdown, type Section } from './report.ts'
import { rowsPlot } from './rows-plot.ts'

const ALL =
  'words,mixture,pages,sentences,flat,threads,connect,cache,statements,drop-in,attach,shared,freshness,kinds,filters,types,sizes,hybrid,command,browser,recall'

/** The sets of the case `recall`; --sets chooses some of them. */
const RECALL_SETS = 'words,sentences,mixture,sheet,flat'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: ALL },
    seed: { type: 'string', default: '1' },
    core: { type: 'string' },
    sets: { type: 'string' },
    rows: { type: 'string' },
    budget: { type: 'string', default: '30' },
    keep: { type: 'boolean', default: false },
  },
})

if (values.core !== undefined || !(await pinned())) await run()

/** Runs again on one core, so that no scheduler moves it about; false where that is not possible. */
async function pinned(): Promise<boolean> {
  const core = await idlestCore()
  if (!canPin(core)) return false
  const args = [...process.execArgv, ...process.argv.slice(1), '--core', String(core)]
  const { status } = spawnSync('taskset', ['-c', String(core), process.execPath, ...args], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
  return true
}

async function run(): Promise<void> {
  const seed = Number(values.seed)
  const core = values.core === undefined ? undefined : Number(values.core)
  const cases = new Set(values.only.split(','))
  const rounds = values.quick ? 5 : 30
  const checked = values.quick ? 50 : 1000
  const sections: Section[] = []
  const add = async (title: string, findings: Promise<Section['findings']>): Promise<void> => {
    sections.push({ title, findings: await findings })
    for (const f of sections.at(-1)!.findings) {
      const met = f.met === undefined ? '' : f.met ? '  [met]' : '  [NOT MET]'
      console.log(
        `${f.what}: ${f.ours} ${f.peer} ${f.ratio} ${f.floor && `floor ${f.floor}`}${met}`,
      )
    }
  }
  const addRecall = async (name: string, set: DataSet): Promise<void> => {
    const { findings, series } = await recallCase(set, rounds)
    await add(`Approximate search: ${set.name}`, Promise.resolve(findings))
    if (!values.quick) {
      mkdirSync('docs/images', { recursive: true })
      const title = `Nearest 10 of ${set.name}: time against recall`
      writeFileSync(`docs/images/recall-${name}.svg`, recallPlot(title, series))
    }
  }
  if (cases.has('words')) {
    await add(
      '340k x 100 word vectors',
      searchCase(wordSet(seed), { rounds, checked, hnsw: !values.quick }),
    )
  }
  if (cases.has('recall')) {
    for (const name of (values.sets ?? (values.quick ? 'words' : RECALL_SETS)).split(',')) {
      const set = setOf(name, seed)
      if (!set) console.log(`recall: ${name} left out, see bench/data/sets.ts`)
      else await addRecall(name, set)
    }
  }
  if (cases.has('mixture')) {
    await add('100k x 768 mixture', searchCase(mixtureSet(seed), { rounds, checked, hnsw: false }))
  }
  if (cases.has('pages')) await add('Size of pages', pageSizeCase(mixtureSet(seed)))
  const sentences = cases.has('sentences') ? sentenceSet() : undefined
  if (sentences) {
    await add(
      'Sentence embeddings',
      searchCase(sentences, { rounds, checked, hnsw: false, faster: 38 }),
    )
  } else if (cases.has('sentences')) {
    console.log('sentences: left out, bench/data/embed-definitions.py was not run')
  }
  if (cases.has('flat')) {
    for (const [count, dim] of [
      [200_000, 128],
      [50_000, 768],
    ]) {
      const set = flatSet(seed, count, dim)
      await add(`Flat data, ${count} x ${dim}`, searchCase(set, { rounds, checked, hnsw: false }))
    }
  }
  if (cases.has('threads')) {
    const words = { rounds, seed, one: 25, two: 35 }
    await add('Several threads, 340k x 100', Promise.resolve(threadsCase('words', words)))
    if (sentenceSet()) {
      const embeddings = { rounds, seed, one: 38, two: 55 }
      await add(
        'Several threads, sentence embeddings',
        Promise.resolve(threadsCase('sentences', embeddings)),
      )
    }
  }
  if (cases.has('connect')) {
    await add('Off the main thread, 340k x 100', Promise.resolve(connectCase(seed, rounds)))
  }
  if (cases.has('cache')) {
    await add('Twenty datasets, memory for ten', cacheCase(seed, values.quick ? 20_000 : 100_000))
  }
  if (cases.has('statements')) await add('Single statements', statementCase(wordSet(seed), seed))
  if (cases.has('drop-in')) {
    await add('Plain SQL through the drop-in', Promise.resolve(dropInCase(rounds)))
  }
  if (cases.has('attach')) {
    const attached = attachOnAllCores(seed, { rounds, checked: Math.min(checked, 200) })
    await add('attach() to better-sqlite3, 340k x 100, all cores', Promise.resolve(attached))
  }
  if (cases.has('shared')) {
    await add('Files shared with native SQLite', sharedFilesCase(wordSet(seed), { rounds, core }))
  }
  if (cases.has('freshness')) {
    await add(
      'Kept up row by row, 340k x 100',
      freshnessCase(wordSet(seed), { rounds, hnsw: !values.quick, core }),
    )
  }
  if (cases.has('kinds')) {
    await add('Scan, cover tree, auto', kindsFindings(seed, rounds))
  }
  if (cases.has('filters')) {
    await add('Filters, 340k x 100', filterCase(wordSet(seed), { rounds, seed }))
  }
  if (cases.has('types')) await add('Types of embeddings', typesCase(mixtureSet(seed), rounds))
  if (cases.has('sizes')) {
    const most = Number(values.rows ?? (values.quick ? 30_000 : 1_000_000))
    const { findings, series } = await sizesCase(seed, most, rounds)
    await add('Time against rows', Promise.resolve(findings))
    if (!values.quick) {
      mkdirSync('docs/images', { recursive: true })
      const title = 'Nearest 10 of rows of 384 dimensions: time against rows'
      writeFileSync('docs/images/time-against-rows.svg', rowsPlot(title, series))
    }
  }
  const large = { seed, rounds, budget: Number(values.budget) * 1e9, keep: values.keep }
  if (cases.has('million')) {
    const rows = Number(values.rows ?? (values.quick ? 100_000 : 1_000_000))
    const floors =
      rows === 1_000_000 ? { load: 45_000, exact: 35, approximate: 2.5, inserted: 1.1 } : {}
    const found = millionCase(rows, 768, { ...large, recall: 0.98, floors })
    await add(`${rows} x 768`, Promise.resolve(found))
  }
  if (cases.has('ten-million')) {
    const rows = Number(values.rows ?? (values.quick ? 400_000 : 10_000_000))
    const found = millionCase(rows, 384, { ...large, recall: 0.95, floors: { rss: 6e9 } })
    await add(`${rows} x 384`, Promise.resolve(found))
  }
  if (cases.has('hybrid')) {
    await add('Vectors and words, 117k definitions', hybridCase(rounds))
  }
  if (cases.has('command')) {
    await add('The command line', Promise.resolve(commandCase(wordSet(seed))))
  }
  if (cases.has('browser')) {
    await add('In a browser, 100k x 384', Promise.resolve(browserCase(seed)))
  }
  const db = await open(':memory:')
  const given = process.argv
    .slice(2)
    .filter((arg, i, all) => arg !== '--core' && all[i - 1] !== '--core')
  const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ')
  const text = markdown(db, command, sections)
  db.close()
  if (values.quick || cases.size < ALL.split(',').length) console.log(`\n${text}`)
  else writeFileSync('bench/RESULTS.md', text)
}

/** Undefined: it was not prepared. */
function setOf(name: string, seed: number): DataSet | undefined {
  switch (name) {
    case 'words':
      return wordSet(seed)
    case 'sentences':
      return sentenceSet()
    case 'mixture':
      return mixtureSet(seed)
    case 'sheet':
      return sheetSet(seed)
    case 'flat':
      return flatSet(seed, 200_000, 128)
    default:
      throw new RangeError(`--sets names ${name}: expected some of ${RECALL_SETS}`)
  }
}

async function kindsFindings(seed: number, rounds: number): Promise<Section['findings']> {
  const sheet = sheetSet(seed)
  const findings = treeCase(sheet, wordSet(seed))
  for (const set of [sheet, wordSet(seed), mixtureSet(seed)]) {
    findings.push(...(await kindCase(set, rounds)))
  }
  return findings
}
