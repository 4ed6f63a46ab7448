import { seedOfTest } from '../seed.ts'

type Pick = <T>(list: readonly T[]) => T

/** Calls with random vectors: of any bits, of few distinct numbers, and texts near those that are read. */
export function randomCalls(count: number): string[] {
  const random = mulberry(seedOfTest('SCALAR_SEED'))
  const pick: Pick = list => list[Math.floor(random() * list.length)]
  return Array.from({ length: count }, () => randomCall(random, pick))
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function randomCall(random: () => number, pick: Pick): string {
  // Mostly one length, so that pairs fit; long ones show the order of sums.
  const dim = pick([1, 2, 3, 4, 7, 8, 15, 16, 17, 64, 100, 384, 768, 1536])
  const other = random() < 0.9 ? dim : pick([1, 2, 8, dim + 1])
  const type = pick(['float32', 'float32', 'float32', 'int8', 'bit', 'text'])
  const second = random() < 0.9 ? type : pick(['float32', 'int8', 'bit', 'text'])
  const a = vectorOf(type, dim, random, pick)
  const b = vectorOf(second, other, random, pick)
  const bound = (): number => Math.floor(random() * (dim * 1.2 + 2)) - 1
  return pick([
    () => `SELECT vec_distance_l2(${a}, ${b})`,
    () => `SELECT vec_distance_l1(${a}, ${b})`,
    () => `SELECT vec_distance_cosine(${a}, ${b})`,
    () => `SELECT vec_distance_hamming(${a}, ${b})`,
    () => `SELECT vec_add(${a}, ${b})`,
    () => `SELECT vec_sub(${a}, ${b})`,
    () => `SELECT vec_normalize(${a})`,
    () => `SELECT vec_to_json(${a})`,
    () => `SELECT vec_length(${a}), vec_type(${a})`,
    () => `SELECT vec_f32(${a})`,
    () => `SELECT vec_int8(${a})`,
    () => `SELECT vec_bit(${a})`,
    () => `SELECT vec_slice(${a}, ${bound()}, ${bound()})`,
    () => `SELECT vec_slice(${a}, ${bound() & ~7}, ${(bound() + 8) & ~7})`,
    () => `SELECT vec_quantize_binary(${a})`,
    () => `SELECT vec_quantize_int8(${a}, 'unit')`,
    () => `SELECT rowid, value FROM vec_each(${a})`,
    () => `SELECT vec_distance_hamming(vec_quantize_binary(${a}), vec_quantize_binary(${b}))`,
    () => `SELECT vec_to_json(vec_quantize_int8(vec_normalize(${a}), 'unit'))`,
    () => `SELECT vec_distance_cosine(vec_normalize(${a}), vec_add(${b}, ${b}))`,
  ])()
}

function vectorOf(type: string, dim: number, random: () => number, pick: Pick): string {
  switch (type) {
    case 'float32':
      return blob(new Uint8Array(floats(dim, random, pick).buffer))
    case 'int8':
      return `vec_int8(${blob(bytes(dim, random))})`
    case 'bit':
      return `vec_bit(${blob(bytes(Math.ceil(dim / 8), random))})`
    default:
      return `'${text(dim, random, pick)}'`
  }
}

function floats(dim: number, random: () => number, pick: Pick): Float32Array {
  const kind = pick(['unit', 'unit', 'small', 'wide', 'bits'])
  // One NaN at most: which of two NaN hands its payload on is up to the compiler.
  const special = random() < 0.1 ? Math.floor(random() * dim) : -1
  return Float32Array.from({ length: dim }, (_, i) => {
    if (i === special) return pick([Infinity, -Infinity, NaN, -0])
    switch (kind) {
      case 'unit':
        return random() * 2 - 1
      case 'small':
        return Math.floor(random() * 9) / 4 - 1
      case 'wide':
        return (random() - 0.5) * 10 ** (random() * 60 - 30)
      default:
        return finiteBits(Math.floor(random() * 2 ** 32))
    }
  })
}

/** The float32 of any bits but those of infinities and NaN. */
function finiteBits(bits: number): number {
  const value = new Float32Array(Uint32Array.of(bits).buffer)[0]
  return Number.isFinite(value) ? value : 1
}

function bytes(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256))
}

const blob = (content: Uint8Array): string => `x'${Buffer.from(content).toString('hex')}'`

const PIECES = [
  '1',
  '2',
  '0',
  '.',
  '-',
  '+',
  'e',
  'E',
  'x',
  ' ',
  ',',
  ',',
  '\t',
  ']',
  '[',
  'n',
  'a',
  'i',
  'f',
  'p',
  '9',
]

/** Mostly a list of numbers; now and then with a piece out of place. */
function text(dim: number, random: () => number, pick: Pick): string {
  const number = pick([
    () => String(Math.floor(random() * 300) - 150),
    () => String(random() * 2 - 1),
    () =>
      (random() - 0.5).toExponential(9).replace(/-?\d+$/, String(Math.floor(random() * 90) - 45)),
    () => (random() * 10).toFixed(Math.floor(random() * 20)),
  ])
  const list = Array.from({ length: Math.min(dim, 64) }, number)
  const whole = `[${list.join(pick([',', ', ', ' ', ' ,\n']))}]`
  if (random() < 0.6) return whole
  const at = Math.floor(random() * whole.length)
  const piece = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(PIECES)).join('')
  return whole.slice(0, at) + piece + whole.slice(at + Math.floor(random() * 2))
}
