import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowBlock } from '../../src/index/kinds/exact/row-block.ts'

const DIM = 16
/** So many that the rows have an arena of their own. */
const ROWS = 40_000

function block(rows = ROWS): RowBlock {
  const options = {
    metric: 'cosine',
    dim: DIM,
    expectedRows: rows,
    accelerator: undefined,
  } as const
  return new RowBlock(options, 64, 64)
}

test('the memory of an index that was disposed of is that of the next one of its size', () => {
  const first = block()
  const { arena } = first
  first.arena.u8.fill(7, first.rows, first.rows + ROWS * 64)
  first.dispose()
  const second = block()
  assert.equal(second.arena, arena)
  assert.equal(second.rows, first.rows)
  assert.ok(second.arena.u8.subarray(second.query, second.rows).every(byte => byte === 0))
  // Nothing is given up twice.
  first.dispose()
  const third = block()
  assert.notEqual(third.arena, arena)
  for (const each of [second, third]) each.dispose()
})

test('memory that is too small, or much too large, is not reused', () => {
  for (const rows of [ROWS * 2, ROWS / 2]) {
    const first = block()
    const { arena } = first
    first.dispose()
    const second = block(rows)
    assert.notEqual(second.arena, arena)
    second.dispose()
  }
})

test('memory is reused in the same turn of the event loop only', async () => {
  const first = block()
  const { arena } = first
  first.dispose()
  await Promise.resolve()
  const second = block()
  assert.notEqual(second.arena, arena)
  second.dispose()
})
