import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { SCRATCH, SCRATCH_BYTES } from '../../src/accelerators/arena.ts'
import { MAX_RESULTS } from '../../src/accelerators/kernels.ts'
import { magnitude } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import { codeStride } from '../../src/index/kinds/exact/code-rows.ts'
import { createExactIndex, MAX_DIM } from '../../src/index/kinds/exact/exact-index.ts'
import { floatStride } from '../../src/index/kinds/exact/float-rows.ts'
import { LISTED } from '../../src/index/kinds/exact/scan-scratch.ts'
import { splitLayout, SplitRows, SPLIT_DIM } from '../../src/index/kinds/exact/split-rows.ts'

const doc = readFileSync('docs/exact-index.md', 'utf8')

/** The rows of the table that follows a line which starts with `title`, cells trimmed. */
function table(title: string): string[][] {
  const lines = doc.slice(doc.indexOf(`\n${title}`) + 1).split('\n')
  const first = lines.findIndex(line => line.startsWith('|'))
  const last = lines.findIndex((line, i) => i > first && !line.startsWith('|'))
  return lines.slice(first + 2, last).map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))
}

/** Where the doc puts what its last column names. */
function offset(rows: string[][], what: string, stride: number): number {
  const row = rows.find(cells => cells[3].includes(what))
  const text = row?.[1] ?? assert.fail(`docs/exact-index.md does not say where ${what} is`)
  return stride - Number(/^stride - (\d+)$/.exec(text)?.[1])
}

/** A saved index of two rows, the second removed. */
function saved(metric: Metric, row: Float32Array, keepsVectors: boolean): DataView {
  const index = createExactIndex({ metric, dim: row.length, keepsVectors })
  const staged = index.stagingBuffer(2)
  staged.set(row)
  staged.set(row, row.length)
  index.commit(2)
  index.remove(1)
  const bytes = index.save().sections[0].bytes.slice()
  index.dispose()
  return new DataView(bytes.buffer)
}

const row = Float32Array.of(3, -127, 64.4, 0, 1)

test('what scans write fits the scratch of an arena', () => {
  assert.ok(LISTED + MAX_RESULTS * 4 <= SCRATCH + SCRATCH_BYTES)
})

describe('the layout in docs/exact-index.md is the layout', () => {
  const codes = table('**codes**')
  const floats = table('**floats**')

  test('strides', () => {
    assert.ok(doc.includes('stride `align16(dim + 12)`'))
    assert.ok(doc.includes('stride `align16(4 * dim) + 16`'))
    for (const [, dim, size, stride, share, floatsStride] of table('| dim | float32')) {
      assert.equal(Number(size), Number(dim) * 4)
      assert.equal(Number(stride), codeStride(Number(dim)))
      assert.equal(share, (codeStride(Number(dim)) / (Number(dim) * 4)).toFixed(3))
      assert.equal(Number(floatsStride), floatStride(Number(dim)))
    }
    assert.ok(doc.includes(`dimension is 1 to ${MAX_DIM.toLocaleString('en')}`))
  })

  test('groups of heads and tails', () => {
    assert.ok(doc.includes(`from ${SPLIT_DIM} dimensions on`))
    for (const [, dim, head, group, headStride, tailStride, share] of table('| dim | H |')) {
      const layout = splitLayout(Number(dim))
      assert.equal(Number(head), layout.headCodes)
      assert.equal(Number(group), 2 ** layout.groupBits)
      assert.equal(Number(headStride), layout.headStride)
      assert.equal(Number(tailStride), layout.tailStride)
      const bytes = layout.headStride + layout.tailStride
      assert.equal(share, (bytes / (Number(dim) * 4)).toFixed(3))
      assert.equal(layout.groupBytes, bytes * 2 ** layout.groupBits)
    }
  })

  test('what stood in the last group is not saved', () => {
    const dim = 200
    const { groupBits, headStride, tailStride } = splitLayout(dim)
    const rows = new SplitRows({
      metric: 'dot',
      dim,
      expectedRows: 0,
      accelerator: undefined,
    })
    rows.block.stage(3).fill(1)
    rows.commit(3)
    rows.remove(0)
    rows.swapRemove(0)
    const { bytes } = rows.sections()[0]
    const tails = headStride * 2 ** groupBits
    assert.ok(bytes.subarray(headStride, 2 * headStride).some(byte => byte !== 0))
    assert.ok(bytes.subarray(2 * headStride, tails).every(byte => byte === 0))
    assert.ok(bytes.subarray(tails + 2 * tailStride).every(byte => byte === 0))
    rows.block.dispose()
  })

  for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
    test(`split, ${metric}`, () => {
      const dim = 200
      const row200 = Float32Array.from({ length: dim }, (_, i) => ((i * 37) % 255) - 127)
      const { groupBits, groupBytes, headCodes, headStride, tailStride } = splitLayout(dim)
      const view = saved(metric, row200, false)
      assert.equal(view.byteLength, groupBytes)
      const tails = headStride * 2 ** groupBits
      const bytes = new Int8Array(view.buffer)
      const head = bytes.subarray(0, headCodes)
      const tail = bytes.subarray(tails, tails + dim - headCodes)
      assert.deepEqual([...head, ...tail], Array.from(row200))
      const length = metric === 'cosine' ? magnitude(row200) : 1
      const scale = view.getFloat32(headCodes, true)
      assert.equal(scale, Math.fround(1 / length))
      const error = view.getFloat32(tails + tailStride - 4, true)
      assert.ok(error >= 0 && error < 1e-5)
      const half = new DataView(new ArrayBuffer(4))
      half.setUint16(2, view.getUint16(headCodes + 4, true), true)
      const above = half.getFloat32(0, true)
      assert.ok(above >= error && above <= error * 1.01 + 1e-40, `${above} for ${error}`)
      const norm = Math.hypot(...row200.subarray(headCodes))
      assert.equal(view.getUint16(headCodes + 6, true), Math.ceil(norm))
      const squares = row200.reduce((sum, code) => sum + code * code, 0)
      if (metric === 'euclidean') assert.equal(view.getInt32(headCodes + 8, true), squares)
      else {
        const w = view.getFloat32(headCodes + 8, true)
        assert.ok(w >= scale * Math.sqrt(squares) && w < scale * Math.sqrt(squares) * 1.000001)
      }
      // The second row was removed.
      assert.equal(view.getFloat32(tails + 2 * tailStride - 4, true), -Infinity)
      assert.equal(view.getUint16(headStride + headCodes + 4, true), 0xff80)
      assert.ok(bytes.subarray(2 * headStride, tails).every(byte => byte === 0))
    })
  }

  for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
    test(`codes, ${metric}`, () => {
      const stride = codeStride(row.length)
      const view = saved(metric, row, false)
      assert.equal(view.byteLength, 2 * stride)
      const bytes = new Int8Array(view.buffer, 0, stride - 12)
      const expected = [3, -127, 64, 0, 1]
      assert.deepEqual(Array.from(bytes.subarray(0, 5)), expected)
      assert.ok(bytes.subarray(5).every(byte => byte === 0))
      const length = metric === 'cosine' ? magnitude(row) : 1
      const scale = view.getFloat32(offset(codes, 'scale s', stride), true)
      assert.equal(scale, Math.fround(1 / length))
      const error = view.getFloat32(offset(codes, 'error r', stride), true)
      const missed = expected.map((code, i) => row[i] / length - scale * code)
      const absolute = expected.reduce((sum, code) => sum + Math.abs(code), 0)
      const left =
        metric === 'manhattan'
          ? missed.reduce((sum, e) => sum + Math.abs(e), scale * absolute * 2 ** -24)
          : Math.hypot(...missed)
      assert.ok(error >= left && error < left + 1e-6, `${error} for ${left}`)
      const squares = expected.reduce((sum, code) => sum + code * code, 0)
      if (metric === 'manhattan') {
        assert.equal(view.getInt32(offset(codes, 'N, the sum', stride), true), absolute)
      } else if (metric === 'euclidean') {
        assert.equal(view.getInt32(offset(codes, 'C, the sum', stride), true), squares)
      } else {
        const w = view.getFloat32(offset(codes, 'length w', stride), true)
        assert.ok(w >= scale * Math.sqrt(squares) && w < scale * Math.sqrt(squares) * 1.000001)
      }
      assert.equal(view.getFloat32(stride + offset(codes, 'removed', stride), true), -Infinity)
    })

    test(`floats, ${metric}`, () => {
      const stride = floatStride(row.length)
      const view = saved(metric, row, true)
      assert.equal(view.byteLength, 2 * stride)
      const numbers = new Float32Array(view.buffer, 0, (stride - 16) / 4)
      assert.deepEqual(numbers.subarray(0, 5), row)
      assert.ok(numbers.subarray(5).every(v => v === 0))
      const cosine = metric === 'cosine'
      const weight = view.getFloat64(offset(floats, 'weight', stride), true)
      const unit = view.getFloat64(offset(floats, 'unit', stride), true)
      assert.equal(weight, cosine ? 1 : magnitude(row))
      assert.equal(unit, cosine ? 1 / magnitude(row) : 1)
      assert.equal(view.getFloat64(stride + offset(floats, 'removed', stride), true), -Infinity)
    })
  }

  test('rows of length 0 under cosine carry -1', () => {
    const zero = new Float32Array(5)
    const stride = codeStride(5)
    assert.equal(saved('cosine', zero, false).getFloat32(stride - 8, true), -1)
    assert.equal(saved('cosine', zero, true).getFloat64(floatStride(5) - 16, true), -1)
    assert.ok(codes.some(cells => cells[3].includes('-1: cosine and of length 0')))
  })
})
