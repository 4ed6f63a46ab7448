import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { VERSION } from '../src/entries/main.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Record<string, unknown>
  readonly bin: Record<string, string>
  readonly dependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const doors = Object.keys(manifest.exports).filter(door => !/\.\w+$/.test(door))
let project: string
let files: string[]

/** Doors to a framework, whose own declarations do not compile with `exactOptionalPropertyTypes`. */
const FRAMEWORKS: Readonly<Record<string, string>> = {
  './langchain': '@langchain/core',
  './llamaindex': '@llamaindex/core',
  './mastra': '@mastra/core',
  './mcp': '@modelcontextprotocol/sdk',
  './ai': 'ai',
}

/** What one value of each door is called: importing it shows that the door opens. */
const SOMETHING: Record<string, string> = {
  '.': 'open',
  './engine': 'openConnection',
  './better-sqlite3': 'SqliteError',
  './vec': 'shadowTableName',
  './vector': 'encodeEmbedding',
  './indexes': 'createExactIndex',
  './vecadmin': 'register',
  './vecsync': 'createReplicator',
  './attach': 'attach',
  './interchange': 'importDocuments',
  './vecutil': 'matchText',
  './browser': 'listDatabases',
  './worker': 'connect',
  './serve': 'serve',
  './langchain': 'SqliteVecStore',
  './llamaindex': 'SqliteVectorStore',
  './mastra': 'SqliteVector',
  './mcp': 'createServer',
  './ai': 'searchTool',
  './embedder': 'loadStaticEmbedder',
}

before(() => {
  project = mkdtempSync(join(tmpdir(), 'consumer-'))
  // The files are built: packing must not build again below a test.
  const packed = run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', project],
    process.cwd(),
  )
  const [{ filename, files: list }] = JSON.parse(packed) as {
    filename: string
    files: { path: string }[]
  }[]
  files = list.map(({ path }) => path)
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, manifest.name), { recursive: true })
  run(
    'tar',
    ['-xzf', join(project, filename), '-C', join(modules, manifest.name), '--strip-components=1'],
    project,
  )
  for (const dependency of [
    ...Object.keys(manifest.dependencies),
    ...Object.values(FRAMEWORKS),
    'koffi',
    '@types/node',
  ]) {
    const [scope] = dependency.split('/')
    if (dependency.includes('/')) mkdirSync(join(modules, scope), { recursive: true })
    symlinkSync(resolve('node_modules', dependency), join(modules, dependency))
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
})

after(() => {
  rmSync(project, { recursive: true, force: true })
})

function run(command: string, args: string[], cwd: string): string {
  const env = { ...process.env }
  delete env['NODE_TEST_CONTEXT']
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${String(error ?? '')}${stdout}${stderr}`)
  return stdout
}

const inProject = (code: string): string =>
  run(process.execPath, ['--input-type=module', '-e', code], project)

test('the version of the package is that of the source', () => {
  assert.equal(VERSION, manifest.version)
})

test('every door opens by its name', () => {
  assert.deepEqual(
    doors.filter(door => !(door in SOMETHING)),
    [],
    'doors that this test does not know',
  )
  const code = doors.map(door => {
    const name = door.replace('.', manifest.name)
    return `if (typeof (await import('${name}')).${SOMETHING[door]} !== 'function') throw new Error('${name}')`
  })
  inProject(code.join('\n'))
})

test('a packed copy searches', () => {
  const found = inProject(`
    import { encodeEmbedding, open } from '${manifest.name}'
    const db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)').run('d', 'a', encodeEmbedding([1, 0]))
    console.log(JSON.stringify(db.prepare("SELECT doc_id, match_score FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ?").all(encodeEmbedding([1, 0]))))
    db.close()`)
  assert.deepEqual(JSON.parse(found), [{ doc_id: 'a', match_score: 1 }])
})

test('the command runs by its name, from the packed copy', () => {
  const commands = join(project, 'node_modules', '.bin')
  mkdirSync(commands, { recursive: true })
  for (const [name, file] of Object.entries(manifest.bin)) {
    // npm does these two when it installs the package.
    const target = join(project, 'node_modules', manifest.name, file)
    chmodSync(target, 0o755)
    symlinkSync(target, join(commands, name))
  }
  assert.equal(run('npx', ['--no-install', 'svec', '--version'], project), `${VERSION}\n`)
  assert.match(run('npx', ['--no-install', 'svec', '--help'], project), /^Vector search in SQLite/)
  run('npx', ['--no-install', 'svec', 'init', 'from-pack.sqlite'], project)
})

test('a path behind the doors is refused', () => {
  const code = `await import('${manifest.name}/dist/src/search/query/search.js').catch(error => console.log(error.code))`
  assert.equal(inProject(code).trim(), 'ERR_PACKAGE_PATH_NOT_EXPORTED')
})

for (const resolution of [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]) {
  const compile = (opened: readonly string[], libraries: object): void => {
    const imports = opened.map(
      (door, i) =>
        `import { ${SOMETHING[door]} as door${i} } from '${door.replace('.', manifest.name)}'`,
    )
    const use = `
      import { open, VecError, type Metric } from '${manifest.name}'
      const metric: Metric = 'cosine'
      const db = await open(':memory:', { busyTimeout: 100 })
      const add = db.transaction((a: number, b: number): number => a + b)
      const sum: number = add(1, 2)
      try { db.exec(metric) } catch (error) { if (error instanceof VecError) console.log(error.code, error.hint, sum) }
      // @ts-expect-error there is no such option
      await open(':memory:', { nonsense: true })
      export const all = [${opened.map((_, i) => `door${i}`).join(', ')}]`
    writeFileSync(join(project, 'use.ts'), [...imports, use].join('\n'))
    const options = {
      ...resolution,
      target: 'es2023',
      lib: ['es2023', 'webworker'],
      types: ['node'],
      strict: true,
      noEmit: true,
      ...libraries,
    }
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['use.ts'] }),
    )
    run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', project], project)
  }

  test(`a strict consumer compiles with ${resolution.moduleResolution} resolution`, () => {
    const own = doors.filter(door => !(door in FRAMEWORKS))
    compile(own, { skipLibCheck: false, exactOptionalPropertyTypes: true })
  })

  test(`a consumer of the frameworks compiles with ${resolution.moduleResolution} resolution`, () => {
    compile(doors, { skipLibCheck: true })
  })
}

test('the package holds what runs, its types and its papers, and nothing else', () => {
  const strange = files.filter(
    file =>
      !/^(dist\/lib\/(.*\.js|[\w-]+\.wasm|ui-page\/[\w.-]+\.(html|css))|dist\/src\/.*\.d\.ts|docs\/.*\.(md|png|svg)|package\.json|[A-Z]+(\.md)?)$/.test(
        file,
      ),
  )
  assert.deepEqual(strange, [])
  assert.ok(files.includes('dist/src/entries/main.d.ts'))
})
