import type { Metric } from '../../src/entries/main.ts'
import {
  AutoIndex,
  createAutoIndex,
  restoreAutoIndex,
  restoreByRule,
} from '../../src/index/kinds/auto/auto-index.ts'
import { AUTO_RULE } from '../../src/index/kinds/auto/auto-rule.ts'
import { createCoverIndex } from '../../src/index/kinds/cover-tree/cover-index.ts'
import { indexContract } from './contract.ts'

indexContract({
  name: 'auto',
  metrics: ['cosine', 'euclidean', 'dot', 'manhattan'],
  create: (metric, dim) => createAutoIndex({ metric, dim }),
  restore: image => restoreAutoIndex(image),
})

/** Anything is judged, from the first row on. */
const eager = { ...AUTO_RULE, bytes: 0, manyRows: 0, rows: 1, dimensions: Infinity }
const rules = {
  'which begins as a tree, is judged to stay one, and is given up by its searches': {
    ...eager,
    margin: Infinity,
    review: 5,
    tooDear: 0,
  },
  'which begins as a tree and is judged to be a scan': { ...eager, margin: 0 },
  'which never gives the tree up': { ...eager, margin: Infinity, visitCost: 0 },
}

for (const [name, rule] of Object.entries(rules)) {
  indexContract({
    name: `auto, ${name}`,
    metrics: ['cosine', 'euclidean', 'manhattan'],
    create: (metric: Metric, dim) =>
      new AutoIndex({ metric, dim }, rule, createCoverIndex({ metric, dim })),
    restore: image => restoreByRule(image, {}, rule),
    most: 20_000,
  })
}
