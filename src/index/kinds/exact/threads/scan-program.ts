import type { Accelerator } from '../../../../accelerators/accelerator.ts'
import { threads } from '../../../../accelerators/threads/threads.ts'
import { ScanBoard } from './scan-board.ts'
import { scanWorker } from './scan-worker.generated.ts'

let board: ScanBoard | undefined

/** The board of this process. */
export function scanBoard(): ScanBoard {
  return (board ??= ScanBoard.create())
}

/** The number of threads that can help with scans now. The first call returns 0, later ones start missing threads. */
export function scanHelpers({ sharedModule }: Accelerator): number {
  return threads.helpers(() => ({
    source: scanWorker,
    module: sharedModule!(),
    board: scanBoard().buffer,
  }))
}
