import { isTableRow, withoutCode, type ProseLine } from './prose-lines.ts'

/** A word or construction that the project does not use, and what to write instead. */
export interface Rule {
  readonly name: string
  readonly pattern: RegExp
  readonly write: string
}

/** In source comments, strings and pages. */
const WORDS: readonly Rule[] = [
  {
    name: 'is no',
    pattern: /(?<!\bthere )\b(?:is|are|was|were|has|have|had) no\b(?! (?:longer|more)\b)/i,
    write: "'is not a', 'there is no', 'does not have' or 'without'",
  },
  { name: 'whoever', pattern: /\bwho(?:so)?ever\b/i, write: "'a program that', 'any caller that'" },
  { name: 'anew', pattern: /\banew\b/i, write: "'again', or say what starts from the beginning" },
  { name: 'nobody', pattern: /\bnobody\b/i, write: "name who: 'no caller', 'no other process'" },
  { name: 'somebody', pattern: /\bsomebody\b/i, write: "name who: 'another process', 'a caller'" },
  { name: 'expected is', pattern: /\bexpected (?:is|are)\b/i, write: "'expected ...'" },
  {
    name: 'stand',
    pattern: /\b(?:stands?|stood|standing)\b(?! for\b)(?!-)/i,
    write: "'is', 'was', 'is stored in', 'comes before'",
  },
  { name: 'house', pattern: /\bhouses?\b/i, write: "'package'" },
  { name: 'room', pattern: /\brooms?\b/i, write: "'package', 'module' or 'space'" },
  { name: 'door', pattern: /\bdoors?\b/i, write: "'entry point'" },
  { name: 'floor', pattern: /\bfloors?\b(?!\()/i, write: "'layer', or 'lower bound'" },
  { name: 'roof', pattern: /\broofs?\b/i, write: "'application'" },
  { name: 'mend', pattern: /\bmend(?:s|ed|ing)?\b/i, write: "'repair'" },
  { name: 'heal', pattern: /\bheal(?:s|ed|ing)?\b/i, write: "'reinstall', 'recover' or 'repair'" },
  { name: 'plant', pattern: /\bplant(?:s|ed|ing)?\b/i, write: "'build', 'insert' or 'add'" },
  // sqlite-vec's messages on vec_slice() are kept word for word.
  {
    name: 'slice',
    pattern: /(?<!\.)\bslices?\b(?! '(?:start|end)')/i,
    write: "'dataset index' or 'segment'",
  },
  { name: 'ghost', pattern: /\bghosts?\b/i, write: "'stale entry' or 'orphan'" },
  { name: 'twin', pattern: /\btwins?\b/i, write: "'scalar kernels' or 'reference'" },
  { name: 'census', pattern: /\bcensus\b/i, write: "'dataset statistics'" },
  { name: 'witness', pattern: /\bwitness(?:es|ed)?\b/i, write: "'sample row'" },
  { name: 'verdict', pattern: /\bverdicts?\b/i, write: "'decision'" },
  { name: 'bury', pattern: /\b(?:bury|buried|buries)\b/i, write: "'dead-letter'" },
  {
    name: 'is expected',
    pattern: /(?<=: [^.:]*)\b(?:is|are) expected\b(?! to\b)/i,
    write: "'expected ...' after what was given",
  },
  {
    name: 'whole number',
    pattern: /\bnot a whole number\b|\ba whole number (?:from|of)\b/i,
    write: "'an integer'",
  },
  {
    name: 'exists already',
    pattern: /\b(?:exists?|is there|are there) already\b/i,
    write: "'already exists'",
  },
  {
    name: 'one a',
    pattern: /\b(?:one|\d+ (?:bytes?|bits?|numbers?)) a (?:line|row|number|text|document|file)\b/i,
    write: "'one per line', '4 bytes per number'",
  },
  { name: 'by turns', pattern: /\bby turns\b/i, write: "'in turn', 'alternately', 'interleaved'" },
  {
    name: 'leave out',
    pattern: /\bleave (?:it|them|the \w+) out\b/i,
    write: "'omit ...', 'skip ...'",
  },
  { name: 'dear', pattern: /\b(?:dear|dearer|dearest)\b/i, write: "'expensive', 'slow'" },
]

const LONGEST = 120
/** What ends with a full stop in the middle of a sentence. */
const ABBREVIATIONS = /\b(?:e\.g|i\.e|vs|cf|etc|approx|no)\.$/i

const SENTENCE_END = /[.!?]["'’”)\]*_]*\s+(?=["'“(*_[`]*[A-Z`])/g

/** The rules for pages alone. */
const LINE_TOO_LONG = 'long line'
const SENTENCES = 'sentences'

export interface Finding {
  readonly rule: string
  readonly file: string
  readonly line: number
  /** What was found and what to write instead. */
  readonly message: string
}

export function wordsIn(file: string, lines: readonly ProseLine[]): Finding[] {
  const findings: Finding[] = []
  for (const { line, text } of lines) {
    for (const { name, pattern, write } of WORDS) {
      for (const { 0: found } of withoutCode(text).matchAll(new RegExp(pattern, 'gi')))
        findings.push({ rule: name, file, line, message: `'${found}': write ${write}` })
    }
  }
  return findings
}

export function layoutOf(file: string, lines: readonly ProseLine[]): Finding[] {
  const findings: Finding[] = []
  for (const { line, text } of lines) {
    // A table row, or code that is indented instead of fenced.
    if (isTableRow(text) || text.startsWith('    ')) continue
    if (text.length > LONGEST) {
      const message = `a line of ${text.length} characters: at most ${LONGEST}`
      findings.push({ rule: LINE_TOO_LONG, file, line, message })
    }
    const sentences = withoutCode(text.replace(/^\s*(?:#+\s+)?(?:(?:\d+\.|[-*])\s+)?/, ''))
    const ends = Array.from(sentences.matchAll(SENTENCE_END)).filter(
      ({ index }) => !ABBREVIATIONS.test(sentences.slice(0, index + 1)),
    )
    if (ends.length > 0) {
      const message = `${ends.length + 1} sentences in one line: one a line`
      findings.push({ rule: SENTENCES, file, line, message })
    }
  }
  return findings
}
