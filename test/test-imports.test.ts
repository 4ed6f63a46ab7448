import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, sources } from './imports.ts'

/**
 * The folders of src/ that a folder of test/ is about. Everything else of src/ it imports through the entry points, so
 * that moving a file of src/ moves its own tests alone. `test/unit/x` is about `src/x`.
 */
const ABOUT: Readonly<Record<string, readonly string[]>> = {
  chunking: ['documents/chunking'],
  cli: ['cli'],
  cover: ['index', 'accelerators'],
  database: ['database', 'search'],
  embedder: ['embedder'],
  engine: ['sqlite'],
  filter: ['core/filter'],
  frameworks: ['frameworks'],
  freshness: ['search'],
  indexes: ['index', 'accelerators'],
  interchange: ['interchange'],
  kernels: ['accelerators', 'index'],
  original: ['viant'],
  store: ['search'],
  sync: ['replication'],
  text: ['search'],
  threads: ['index', 'accelerators'],
  ui: ['ui'],
  vec: ['tables'],
  worker: ['worker'],
}

/** Files of src/ that tests elsewhere import, each with its reason. The list is to shrink. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/accelerators/checksum.ts': 'writes damaged images that have a right checksum',
  'src/core/metric.ts': 'oracles of every metric',
  'src/core/shell-word.ts': 'messages that propose commands',
  'src/core/similarity.ts': 'the similarity in double precision that oracles compare with',
  'src/core/utf8.ts': 'the form in which columns in memory hand out texts',
  'src/core/visible.ts': 'what a terminal is shown of any text',
  'src/search/journal/journal.ts': 'tells damaged journals that no index follows',
  'src/search/persistence/index-save.ts': 'saves in steps what would be one step',
  'src/search/persistence/maintenance.ts': 'saves now what would be saved when idle',
  'src/sqlite/allowed-files.ts': 'the rule that connections inherit',
  'src/sqlite/platform/node/node-vfs.ts': 'a file system of the tests is made around it',
  'src/sqlite/vfs/vfs-adapter.ts': 'a file system of the tests is registered',
  'src/search/schema/table-schema.ts': 'the names that an id column cannot have',
  'src/tables/vec/vec-options.ts': 'the facts of search are run without a vec table',
  'src/tables/vec/index-spec.ts': 'the facts of search are run without a vec table',
  'src/viant/formats/decode-original.ts': "reads what was written for the original's programs",
}

const FOLDERS = new Set(
  sources('test')
    .map(file => file.split('/')[1])
    .filter(name => !name.endsWith('.ts')),
)

const aboutOf = (file: string): readonly string[] => {
  const [, folder, part] = file.split('/')
  return folder === 'unit' ? [part] : (ABOUT[folder] ?? [])
}

const strange = sources('test')
  .flatMap(importsOf)
  .filter(({ to }) => to.startsWith('src/') && !to.startsWith('src/entries/'))
  .filter(({ from, to }) => !aboutOf(from).some(folder => to.startsWith(`src/${folder}/`)))

test('a test imports entry points, or the folder it is about', () => {
  assert.deepEqual(
    strange.filter(({ to }) => !(to in EXCEPTIONS)),
    [],
  )
})

test('every exception is still needed, and every folder is there', () => {
  assert.deepEqual(
    Object.keys(EXCEPTIONS).filter(file => !strange.some(({ to }) => to === file)),
    [],
  )
  assert.deepEqual(
    Object.keys(ABOUT).filter(folder => !FOLDERS.has(folder)),
    [],
  )
})
