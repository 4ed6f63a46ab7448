/** The head of a .npy file, as numpy writes it. */
export function npyHeader(options: {
  readonly shape: string
  readonly version?: number
  readonly descr?: string
  readonly fortran?: 'True' | 'False'
}): Buffer {
  const { shape, version = 1, descr = '<f4', fortran = 'False' } = options
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`
  const start = version === 1 ? 10 : 12
  const head = Buffer.alloc(start + text.length)
  head.write('\x93NUMPY', 0, 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(text.length, 8)
  else head.writeUInt32LE(text.length, 8)
  head.write(text, start, 'latin1')
  return head
}
