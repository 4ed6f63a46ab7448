// A worker that runs the workload in the file of a browser.

import { reopen, run } from './workload.ts'

const scope = globalThis as unknown as DedicatedWorkerGlobalScope

scope.addEventListener('message', ({ data }) => {
  const { task, path, seed } = data as { task: 'run' | 'reopen'; path: string; seed: number }
  const work = task === 'run' ? run(path, seed) : reopen(path, seed)
  work.then(
    value => {
      scope.postMessage({ value })
    },
    (error: unknown) => {
      scope.postMessage({ error: String(error) })
    },
  )
})
