import { seededTest } from '../seed.ts'
import { runFilters } from './filters-run.ts'

const steps = Number(process.env['FILTERS_STEPS'] ?? 600)

seededTest('FILTERS_SEED', { FILTERS_STEPS: steps })(
  `${steps} random steps: searches with conditions are SQL on the table`,
  async (t, seed) => {
    t.diagnostic(JSON.stringify(await runFilters(seed, steps)))
  },
)
