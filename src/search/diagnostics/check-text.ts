import type { TextSearcher } from '../text/text-search.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import type { Inspection, Problem } from './problem.ts'

const TOPIC = 'text-index'

/** Compares the text index in the file with the rows: splits the texts of all current rows into words again. */
export function checkText({ searcher, fix }: Inspection): Problem[] {
  const { text, shadow } = searcher
  if (!text) return []
  const { index } = text
  const repairing = { fix: fix('repair', '') }
  const rebuild = (): string => `the text index was filled again from ${index.rebuild()} documents`
  if (!shadow.refresh().textIndexed || !index.file.isInstalled) {
    return [
      diagnostic(
        'warning',
        TOPIC,
        'the text index is not there, or of another version: each connection makes one of its own; drop the vec table, which keeps the documents, and create it again',
      ),
    ]
  }
  const covered = index.covered()
  if (!covered || covered.seq !== index.position()?.seq) {
    return [diagnostic('ok', TOPIC, coverage(text))]
  }
  const differs = differenceOf(text, covered.documents)
  if (differs === undefined) {
    return [
      diagnostic(
        'ok',
        TOPIC,
        `the text index agrees with the table: ${covered.documents} documents`,
      ),
    ]
  }
  const wrong = diagnostic('error', TOPIC, `searches with words are wrong: ${differs}`, repairing)
  return [{ ...wrong, repair: rebuild }]
}

/** The rows that the text index covers, in one sentence. */
function coverage({ index }: TextSearcher): string {
  const covered = index.covered()
  if (!covered) return 'the text index is empty: the first search with words fills it'
  const behind = (index.position()?.seq ?? covered.seq) - covered.seq
  const state = behind === 0 ? 'all changes' : `all but the last ${behind} changes of the file`
  return `the text index holds ${covered.documents} documents, and ${state}`
}

/** The same fact for `stats` and `explain`. */
export function textFacts(text: TextSearcher | undefined, dataset: string): Diagnostic[] {
  return text ? [diagnostic('info', TOPIC, coverage(text), { dataset })] : []
}

/** Undefined if the words match those of the table. */
function differenceOf({ index }: TextSearcher, documents: number): string | undefined {
  try {
    const orphans = index.file.orphans()
    if (orphans > 0) return `${orphans} of its documents are gone`
    const entered = index.file.entered()
    if (index.file.present() !== entered || entered !== documents) return 'documents are missing'
    const word = index.wrongWord()
    return word === undefined ? undefined : `the word '${word}' is in other documents`
  } catch (error) {
    return `it cannot be read (${(error as Error).message})`
  }
}
