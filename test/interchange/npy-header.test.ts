import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readNpyHeader } from '../../src/interchange/sources/npy-header.ts'
import { npyHeader } from '../cli/npy-file.ts'

test('versions 1, 2 and 3 are read', () => {
  for (const version of [1, 2, 3]) {
    const head = npyHeader({ version, shape: '(7, 3)' })
    assert.deepEqual(readNpyHeader(head, 'x'), { rows: 7, dim: 3, width: 4, offset: head.length })
    const wide = readNpyHeader(npyHeader({ version, descr: '<f8', shape: '(2L, 3L)' }), 'x')
    assert.deepEqual([wide?.rows, wide?.dim, wide?.width], [2, 3, 8])
  }
})

test('a head that is not all there yet asks for more', () => {
  const head = npyHeader({ shape: '(7, 3)' })
  for (let end = 0; end < head.length; end++) {
    assert.equal(readNpyHeader(head.subarray(0, end), 'x'), undefined)
  }
})

function bad(options: Parameters<typeof npyHeader>[0], expected: RegExp): void {
  assert.throws(() => readNpyHeader(npyHeader(options), 'x.npy'), expected)
}

test('what is not read is refused, with what to do', () => {
  bad({ shape: '(3,)' }, /shape is \(3,\): expected a matrix/)
  bad({ shape: '(3, 4, 5)' }, /a matrix of rows and dimensions/)
  bad({ shape: '(3, 0)' }, /a matrix of rows and dimensions/)
  for (const [descr, what] of [
    ['>f4', 'big-endian numbers'],
    ['>f2', 'big-endian numbers'],
    ['<i8', 'integers'],
    ['|u1', 'integers'],
    ['|b1', 'booleans'],
    ['<c8', 'complex numbers'],
    ['|V2', 'two bytes each, maybe bfloat16'],
    ['|O', 'Python objects'],
    ['<f16', 'another type of numbers'],
  ]) {
    assert.throws(() => readNpyHeader(npyHeader({ shape: '(3, 4)', descr }), 'x.npy'), {
      message: `x.npy: ${what} ('${descr}'): expected little-endian float16, float32 or float64`,
      hint: /^in Python: numpy\.save\(file, .*astype\('<f4'\)\)$/,
    })
  }
  const fields = Buffer.from(
    npyHeader({ shape: '(3,)' }).toString('latin1').replace("'<f4'", '[(1)]'),
    'latin1',
  )
  assert.throws(() => readNpyHeader(fields, 'x.npy'), /the rows have named fields/)
  bad({ shape: '(3, 4)', fortran: 'True' }, /column by column/)
  bad({ shape: '(3, 4)', version: 4 }, /version 4/)
  assert.throws(() => readNpyHeader(Buffer.alloc(100), 'x.npy'), /not a \.npy file/)
  const huge = npyHeader({ version: 2, shape: '(3, 4)' })
  huge.writeUInt32LE(2 ** 31, 8)
  assert.throws(() => readNpyHeader(huge, 'x.npy'), /the header has 2147483648 bytes/)
})
