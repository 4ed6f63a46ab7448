import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Metric } from '../../src/core/metric.ts'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  exactSimilarity,
  restoreAutoIndex,
  restoreCoverIndex,
  restoreExactIndex,
  similarityToDistance,
  similarityToScore,
  type IndexImage,
} from '../../src/entries/indexes.ts'

// Metric, kind of index and the other words of options are closed: what is not one of them is told, never taken for one.

const vector = Float32Array.of(1, 2)

for (const [given, meant] of [
  ['l2', 'euclidean'],
  ['L2', 'euclidean'],
  ['cosin', 'cosine'],
  ['ip', 'dot'],
  ['manhattan', undefined],
  ['', undefined],
] as const) {
  test(`a metric '${given}' is refused at every entry`, () => {
    const metric = given as Metric
    const refusal = {
      code: 'VEC_OPTION',
      message: new RegExp(
        `unknown metric '${given}': did you mean '${meant ?? '\\w+'}'\\? Known: cosine, euclidean, dot`,
      ),
    }
    for (const entry of [
      () => createExactIndex({ metric, dim: 2 }),
      () => createExactIndex({ metric, dim: 2, resident: true }),
      () => createCoverIndex({ metric, dim: 2 }),
      () => createAutoIndex({ metric, dim: 2 }),
      () => exactSimilarity(metric, vector, vector),
      () => similarityToScore(metric, 0.5),
      () => similarityToDistance(metric, 0.5),
    ]) {
      assert.throws(entry, refusal, String(entry))
    }
  })
}

test('a metric that is no text is refused with what it is', () => {
  for (const [given, shown] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [2, '2'],
    [{}, 'a value of type object'],
  ] as const) {
    const metric = given as Metric
    const refusal = {
      code: 'VEC_OPTION',
      message: `metric must be one of cosine, euclidean, dot, not ${shown}`,
    }
    for (const create of [createExactIndex, createCoverIndex, createAutoIndex]) {
      assert.throws(() => create({ metric, dim: 2 }), refusal)
    }
  }
})

test('other words of the options are closed as well', () => {
  for (const change of [{ kernels: 'wams' }, { resident: 'no' }, { expectedRows: -1 }]) {
    const options = { metric: 'dot', dim: 2, ...change } as never
    assert.throws(() => createExactIndex(options), /options\.(kernels|resident|expectedRows) is /)
  }
  assert.throws(() => createCoverIndex({ metric: 'cosine', dim: 2, bound: 'levels' as never }), {
    code: 'VEC_OPTION',
    message: "unknown bound 'levels': did you mean 'level'? Known: per_node, level",
  })
})

test('a saved index of an unknown kind or metric is refused by every reader', () => {
  const index = createExactIndex({ metric: 'dot', dim: 2 })
  const image = index.save()
  const readers = [restoreExactIndex, restoreCoverIndex, restoreAutoIndex]
  for (const change of [
    { kind: 'graph' },
    { metric: 'l2' },
    { kind: undefined },
    { metric: undefined },
  ]) {
    const changed = { ...image, ...change } as unknown as IndexImage
    for (const restore of readers) assert.throws(() => restore(changed), { code: 'VEC_STORAGE' })
  }
  index.dispose()
})

test('no file of ours compares the name of a metric or kind: tables and switches are complete, comparisons are not', () => {
  const compared = /(?:===|!==) '(?:cosine|euclidean|dot|exact|cover|brute)'/
  // A reader of one kind that refuses all others.
  const refusals = /if \((?:image\.)?kind !== '(?:exact|cover)'\) (?:refuse|throw)/
  const found = ['index', 'accelerators', 'search', 'tables', 'core'].flatMap(folder =>
    readdirSync(`src/${folder}`, { recursive: true })
      .map(name => `src/${folder}/${String(name)}`)

      .filter(file => file.endsWith('.ts'))
      .flatMap(file =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter(line => compared.test(line) && !refusals.test(line))
          .map(line => `${file}: ${line.trim()}`),
      ),
  )
  assert.deepEqual(found, [])
})

/** Files in which a program with one more word in a union no longer compiles. */
function complaints(file: string, union: RegExp, word: string): string[] {
  const folder = mkdtempSync(join('dist', 'closed-kinds-'))
  try {
    cpSync('src', join(folder, 'src'), { recursive: true })
    const text = readFileSync(file, 'utf8')
    const changed = text.replace(union, `$& | '${word}'`)
    assert.notEqual(changed, text)
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

test('a new metric does not compile until every file that decides by metric has decided', () => {
  const union = /export type Metric = 'cosine' \| 'euclidean' \| 'dot'/
  assert.deepEqual(complaints('src/core/metric.ts', union, 'manhattan'), [
    'src/accelerators/row-scorer.ts',
    'src/core/metric.ts',
    'src/core/similarity.ts',
    'src/index/kinds/auto/intrinsic-dimension.ts',
    'src/index/kinds/cover-tree/cover-options.ts',
    'src/index/kinds/exact/float-rows.ts',
    'src/index/kinds/exact/scan-form.ts',
    'src/search/persistence/saved-head.ts',
    'src/tables/vec/vec-plan.ts',
  ])
})

test('a new kind of index does not compile until every file that decides by kind has decided', () => {
  const union = /export type IndexKind = 'exact' \| 'cover'/
  assert.deepEqual(complaints('src/index/vector-index.ts', union, 'graph'), [
    'src/index/kinds/auto/auto-index.ts',
    'src/search/diagnostics/explain.ts',
    'src/search/persistence/saved-head.ts',
  ])
})
