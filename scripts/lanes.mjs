// The lanes of the test suite: which test files run together. `node scripts/test.mjs --lane=unit`

/**
 * Each lane with the beginnings of the paths, under test/, of its files. The longest beginning that fits a file decides,
 * so a folder belongs to one lane and a few files of it to another. test/lanes.test.ts holds that every file has a lane.
 *
 * - unit: one file or one contract of the source at a time. It starts no process and no server.
 * - integration: SQL, files, processes, the command line, the documentation.
 * - servers: needs MariaDB, PostgreSQL or Galera.
 * - soak: short runs of the programs that look for rare failures with random work.
 * - runtimes: bundlers, browsers and runtimes other than Node, which it installs first. It runs only when it is named.
 */
export const LANES = {
  unit: [
    'bench/harness',
    'chunking/',
    'column-names',
    'cli/sync-words',
    'cover/',
    'database/database',
    'filter/',
    'indexes/',
    'interchange/',
    'kernels/',
    'lanes',
    'layers',
    'original/formats',
    'original/golden-',
    'prose/',
    'runtime-lists',
    'sync/schema',
    'test-imports',
    'threads/help-trial',
    'threads/shared-threshold',
    'threads/thread-count',
    'threads/turns',
    'text/fusion',
    'text/text-query',
    'unit/',
    'vec/row-keys',
    'vector/',
    'vecutil/',
  ],
  integration: [
    'admin/',
    'attach/',
    'frameworks/',
    'bench/',
    'better-sqlite3/',
    'cli/',
    'closed-kinds',
    'collection/',
    'cover/cover-contract',
    'cover/exactness',
    'cover/large-tree',
    'cover/level-contract',
    'database/search',
    'docs-',
    'embedder/',
    'engine/',
    'examples',
    'file-names',
    'freshness/',
    'golden-sql/',
    'indexes/auto-contract',
    'indexes/auto-index',
    'indexes/bounds',
    'indexes/clusters',
    'indexes/exact-contract-forms',
    'indexes/exact-contract-scalar',
    'indexes/lent-contract',
    'indexes/rotated-contract',
    'indexes/row-form',
    'unit/core/exact-json',
    'unit/search/json-cells',
    'mcp/',
    'original/',
    'orm/',
    'package',
    'readme',
    'release',
    'scalars/',
    'seed',
    'store/',
    'text/',
    'threads/',
    'ui/',
    'vec/',
    'vector/vectors-given',
    'vecutil/call-order-random',
    'worker/',
  ],
  servers: [
    'cli/sync-failures',
    'cli/sync-hostile',
    'cli/sync-mariadb',
    'cli/sync-tls.',
    'cli/sync-transcript',
    'cli/sync-upstreams',
    'original/readme-packages',
    'sync/',
  ],
  soak: ['model/', 'soak/'],
  runtimes: ['runtimes/'],
}

/** The lane of a test file, whose path begins below test/; undefined when no lane has it. */
export function laneOf(file) {
  const fitting = Object.entries(LANES)
    .flatMap(([lane, beginnings]) => beginnings.map(beginning => ({ lane, beginning })))
    .filter(({ beginning }) => file.startsWith(beginning))
    .toSorted((a, b) => b.beginning.length - a.beginning.length)
  return fitting[0]?.lane
}

/** Reasons to skip a test that are facts: no installation takes them away, so a run does not mention them. */
export const FACTS = [
  // Of the checked-in data.
  /^an index takes finite numbers only$/,
  /^no archived rows in this file$/,
  /^the last bits of arm64 magnitudes differ$/,
  // What an index is not made for. A cover tree cannot bound the inner product, which is no metric in the sense of
  // mathematics; rows that are turned, and clusters, have no bound for the Manhattan distance.
  /^no (?:dot|manhattan) in /,
]

/** Reasons that `--complete` accepts, but that a run mentions. */
export const BEYOND_INSTALLATION = [
  // The matrix of Node versions runs these tests on another version.
  /^this Node has no node:sqlite$/,
  // A container may lack the privilege, and a kernel the feature.
  /cannot be mounted/,
  /^this kernel knows no huge pages$/,
]
