import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

// Metrics and kinds of index are objects behind an interface: the source compares no names, and a new one is asked for by
// the compiler. test/indexes/closed-words.test.ts has what callers see of it.

/** Lines of the library that match, outside of the files whose path matches `except`. */
function linesWith(pattern: RegExp, except: RegExp): string[] {
  return ['index', 'accelerators', 'search', 'tables', 'core'].flatMap(folder =>
    readdirSync(`src/${folder}`, { recursive: true })
      .map(name => `src/${folder}/${String(name)}`)
      .filter(file => file.endsWith('.ts') && !except.test(file))
      .flatMap(file =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter(line => pattern.test(line))
          .map(line => `${file}: ${line.trim()}`),
      ),
  )
}

test('no file of ours compares the name of a metric or kind: objects decide', () => {
  const compared = /(?:===|!==|case) '(?:cosine|euclidean|dot|manhattan|exact|cover|brute)'/
  // A reader of one kind that refuses all others.
  const refusal = /if \((?:image\.)?kind !== '(?:exact|cover)'\) (?:refuse|throw)/
  const found = linesWith(compared, /wasm\.ts$|tables\/vec0\//).filter(line => !refusal.test(line))
  // What is said of tables of sqlite-vec is in its words.
  // What a row of codes ends with, and how a query of it is kept.
  assert.deepEqual(found, [
    "src/index/kinds/exact/query-code.ts: this.#asFloats = metric.kernels.scan === 'manhattan'",
    "src/accelerators/scalar/quantize.ts: const manhattan = form === 'manhattan'",
    "src/accelerators/scalar/quantize.ts: if (form === 'dot') f32[tail - 1] = roundUp(scale * Math.sqrt(codeSum) * (1 + slack))",
  ])
})

test('the registries alone import kinds of index and metrics', () => {
  const imported =
    /from '[^']*\/(?:kinds\/(?:auto|cover-tree|exact)|metrics\/(?:cosine|dot|euclidean|manhattan))[/.]/
  // Browsers load the code of some kinds later: index/late/kinds-code.ts names it.
  const registries =
    /^src\/(?:index\/kinds\.ts|index\/late\/kinds-code\.ts|core\/metric\.ts|index\/checked\/create-index\.ts)$/
  // The vector arithmetic of the metrics bears the name that callers know.
  const found = linesWith(imported, registries).filter(line => !line.includes('core/similarity.ts'))
  assert.deepEqual(found, [])
})

/** Files in which a program with one more word in a union no longer compiles. */
function complaints(file: string, union: RegExp, word: string): string[] {
  const folder = mkdtempSync(join('dist', 'closed-kinds-'))
  try {
    cpSync('src', join(folder, 'src'), { recursive: true })
    const text = readFileSync(file, 'utf8')
    const changed = text.replace(union, `$& | '${word}'`)
    assert.ok(changed !== text, `${file} has no ${union}`)
    writeFileSync(join(folder, file), changed)
    const options = { rootDir: '.', noEmit: true }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: options,
        include: ['src'],
        exclude: [],
      }),
    )
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    const files = stdout.matchAll(/(?:^|\n)\S*?(src\/[^(\n]+)\(\d+,\d+\): error/g)
    return [...new Set(Array.from(files, ([, name]) => name))].toSorted()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const DEFINITION = 'src/core/metrics/definition.ts'

for (const { what, file, union, word, asked } of [
  {
    what: 'metric',
    file: DEFINITION,
    union: /export type Metric = [^\n]+/,
    word: 'chebyshev',
    asked: ['src/core/metric.ts'],
  },
  {
    what: 'way of scanning',
    file: DEFINITION,
    union: /export type ScanForm = [^\n]+/,
    word: 'chebyshev',
    asked: [
      'src/accelerators/scalar/scalar-kernels.ts',
      'src/accelerators/simd/simd-kernels.ts',
      'src/index/kinds/exact/query-code.ts',
    ],
  },
  {
    what: 'way of judging heads',
    file: DEFINITION,
    union: /export type HeadForm = [^\n]+/,
    word: 'chebyshev',
    asked: [
      'src/accelerators/scalar/scalar-kernels.ts',
      'src/accelerators/simd/simd-kernels.ts',
      'src/index/kinds/exact/threads/scan-task.ts',
    ],
  },
  {
    what: 'way of scoring',
    file: DEFINITION,
    union: /export type ScoreForm = [^\n]+/,
    word: 'chebyshev',
    asked: ['src/accelerators/scalar/scalar-kernels.ts', 'src/accelerators/simd/simd-kernels.ts'],
  },
  {
    what: 'metric space',
    file: DEFINITION,
    union: /export type MetricSpace = [^\n]+/,
    word: 'chebyshev',
    asked: ['src/index/kinds/cover-tree/cover-space.ts'],
  },
  {
    what: 'kind of index',
    file: 'src/index/vector-index.ts',
    union: /export type IndexKind = [^\n]+/,
    word: 'graph',
    asked: ['src/index/kinds.ts', 'src/index/kinds/auto/auto-index.ts'],
  },
  {
    what: 'word for index=',
    file: 'src/index/kind.ts',
    union: /export type IndexOption = [^\n]+/,
    word: 'graph',
    asked: ['src/index/kinds.ts'],
  },
]) {
  test(`a new ${what} does not compile until every file that decides by it has decided`, () => {
    assert.deepEqual(complaints(file, union, word), asked)
  })
}
