import { scratchOf } from '../../../../accelerators/arena.ts'
import type { Kernels } from '../../../../accelerators/kernels.ts'
import { Turns } from '../../../../accelerators/threads/turns.ts'
import type { WasmMemory } from '../../../../core/wasm-memory.ts'
import { CodeRowScan, SplitRowScan, type RowScan } from '../row-scan.ts'
import { scanScratch } from '../scan-scratch.ts'
import { ScanBoard } from './scan-board.ts'
import { ScanShare } from './scan-share.ts'
import { writeTask } from './scan-task.ts'

/** By then V8 has compiled the code of a thread. */
const TASKS = 400
const TURNS = 4
const ROWS = 128
/** As many rows of a block belong to the sample, and the first step has twice as many. */
const SAMPLE = 32
const DIM = 32
const PAGE = 65536
/** The bytes of the rows and of a query in every form, and more. */
const DATA_BYTES = PAGE
const QUERY_BYTES = 1024

const LAYOUT = {
  dim: DIM,
  headCodes: 16,
  headStride: 28,
  tailStride: 20,
  groupBits: 5,
  groupBytes: 48 * 32,
} as const
const CODE_STRIDE = 48

const NO_BOUNDS = {
  scale: 0,
  perError: 0,
  perLength: 0,
  square: 0,
  distanceError: 0,
  distanceRounding: 0,
  rounding: 0,
} as const

/**
 * Lets a thread scan a few rows of zeros as often as V8 needs to compile its code. Otherwise the first searches with its help
 * take several times as long as the later ones, and are taken as a sign that help does not pay. Returns the number of turns that
 * were handed in, all of them.
 */
export function warmUp(kernelsOver: (memory: WasmMemory) => Kernels): number {
  const thread = 1
  const data = Math.ceil(scratchOf(thread + 1) / PAGE) * PAGE
  const pages = (data + DATA_BYTES) / PAGE
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const board = ScanBoard.create()
  const turns = new Turns()
  const share = new ScanShare({ thread, board: board.buffer }, turns, kernelsOver)
  share.setMemory(1, memory)
  board.blocks.set(Array.from({ length: TURNS }, () => 0))
  const scans = scansOf(data, data + QUERY_BYTES, thread)
  let done = 0
  for (let number = 0; number < TASKS; number++) {
    writeTask(
      {
        memory: 1,
        threads: thread + 1,
        positions: ROWS,
        sample: SAMPLE,
        k: 10,
        least: -1,
        min: -Infinity,
        max: Infinity,
        isFiltered: false,
        rowScan: scans[number % scans.length],
        best: new Float64Array(),
      },
      board.numbers,
    )
    share.work(turns.begin(TURNS))
    for (let turn = 0; turn < TURNS; turn++) if (turns.handedInBy(turn) === thread) done++
  }
  return done
}

/** A scan of rows in one part, and of rows in two. */
function scansOf(query: number, rows: number, thread: number): RowScan[] {
  const { listed, results } = scanScratch(thread)
  const scan = {
    rows,
    from: 0,
    to: 0,
    query,
    results,
    least: 0,
    most: 0,
    allowed: 0,
    bounds: NO_BOUNDS,
  }
  const layout = { ...LAYOUT, rows }
  return [
    new CodeRowScan('dot', { ...scan, stride: CODE_STRIDE }),
    new SplitRowScan('dot', { ...scan, layout, whole: false, tailLength: 0, list: listed }),
  ]
}
