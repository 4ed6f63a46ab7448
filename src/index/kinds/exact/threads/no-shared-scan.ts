import type * as inThreads from './shared-scan.ts'

// For browsers and edge runtimes, where threads cannot help. Their bundles do not contain shared-scan.ts.

export const SharedScan: Pick<typeof inThreads.SharedScan, 'of'> = { of: () => undefined }

export const SharedBatch: Pick<typeof inThreads.SharedBatch, 'of'> = { of: () => undefined }

export const SharedComparisons: Pick<typeof inThreads.SharedComparisons, 'of'> = {
  of: () => undefined,
}

export const scanThreads: typeof inThreads.scanThreads = () => 1

export const borrowers: typeof inThreads.borrowers = () => 0

export const forgetArena: typeof inThreads.forgetArena = () => {}

export const newTrial: typeof inThreads.newTrial = () => undefined
