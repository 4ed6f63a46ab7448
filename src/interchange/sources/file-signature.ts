import { optionText, sourceError } from '../interchange-error.ts'

/** The number of bytes at the beginning of a file that tell its format. */
export const SIGNATURE_BYTES = 20

interface Signature {
  readonly bytes: readonly number[]
  /** The offset of the bytes. */
  readonly at?: number
  /** The text after "the file is". */
  readonly what: string
  readonly remedy: string
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')]

/** Formats that users may pass and this package cannot read, with what to do. */
const OTHERS: readonly Signature[] = [
  {
    bytes: [0xff, 0xfe],
    what: 'text in UTF-16',
    remedy: 'convert it to UTF-8: iconv -f UTF-16 -t UTF-8 <file> > utf8.txt',
  },
  {
    bytes: [0xfe, 0xff],
    what: 'text in UTF-16',
    remedy: 'convert it to UTF-8: iconv -f UTF-16 -t UTF-8 <file> > utf8.txt',
  },
  {
    bytes: ascii('PK\x03\x04'),
    what: 'a ZIP archive (such as .npz or .xlsx)',
    remedy: "unpack it; in Python: numpy.save('vectors.npy', numpy.load('vectors.npz')['<name>'])",
  },
  {
    bytes: ascii('PAR1'),
    what: 'a Parquet file',
    remedy:
      "in Python: pandas.read_parquet(file).to_json('docs.jsonl', orient='records', lines=True)",
  },
  {
    bytes: ascii('ARROW1'),
    what: 'an Arrow file',
    remedy:
      "in Python: pandas.read_feather(file).to_json('docs.jsonl', orient='records', lines=True)",
  },
  {
    bytes: ascii('\x89HDF'),
    what: 'an HDF5 file',
    remedy: "in Python: numpy.save('vectors.npy', h5py.File(file)['<name>'][:])",
  },
  {
    bytes: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'compressed with Zstandard',
    remedy: 'zstd -d <file>',
  },
  { bytes: ascii('BZh'), what: 'compressed with bzip2', remedy: 'bunzip2 <file>' },
  { bytes: ascii('\xfd7zXZ'), what: 'compressed with xz', remedy: 'unxz <file>' },
  {
    bytes: ascii('{"'),
    at: 8,
    what: 'a safetensors file',
    remedy: "in Python: numpy.save('vectors.npy', safetensors.numpy.load_file(file)['<name>'])",
  },
  {
    bytes: [0x80, 0x04, 0x95],
    what: 'a Python pickle',
    remedy: "in Python: numpy.save('vectors.npy', numpy.asarray(pickle.load(open(file, 'rb'))))",
  },
]

const SQLITE: Signature = {
  bytes: ascii('SQLite format 3\0'),
  what: 'a SQLite file',
  remedy: `read it as SQLite: ${optionText('format', 'sqlite')}`,
}
const NPY: Signature = {
  bytes: ascii('\x93NUMPY'),
  what: 'a .npy file',
  remedy: `read it as .npy: ${optionText('format', 'npy')}`,
}

/** The format as which a file is read. */
export type ReadAs = 'text' | 'npy' | 'f32'

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b && start[2] === 8
}

/** Throws for a file of another format than `as`, and says what to do with it. */
export function refuseOtherFiles(start: Uint8Array, name: string, as: ReadAs): void {
  if (as === 'f32' && isText(start)) {
    throw sourceError(
      `expected raw float32, but ${name} is text`,
      `for another format: ${optionText('format')}`,
    )
  }
  const candidates = [...OTHERS, SQLITE, ...(as === 'npy' ? [] : [NPY])]
  const found = candidates.find(signature => matches(start, signature))
  // Two bytes say too little about raw numbers.
  if (!found || (as === 'f32' && found.bytes.length < 3)) return
  const remedy = found.remedy.replaceAll('<file>', name)
  throw sourceError(`expected ${READ_AS[as]}, but ${name} is ${found.what}`, remedy)
}

/** So many bytes of text are not numbers: of four bytes of float32 in a usual vector, one in forty is a letter. */
const TEXT_BYTES = 16

function isText(start: Uint8Array): boolean {
  const some = start.subarray(0, 4096)
  return (
    some.length >= TEXT_BYTES &&
    some.every(byte => (byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9)
  )
}

const READ_AS = { text: 'UTF-8 text', npy: '.npy', f32: 'raw float32' } as const

function matches(start: Uint8Array, { bytes, at = 0 }: Signature): boolean {
  return bytes.every((byte, i) => start[at + i] === byte)
}
