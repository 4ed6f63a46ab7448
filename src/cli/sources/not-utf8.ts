import { inputError } from '../cli-error.ts'
import { shellWord } from '../shell-word.ts'

/** `place` is where the text is not UTF-8: 'docs.csv, line 3'. */
export function notUtf8(place: string, name: string): Error {
  return inputError(
    `${place}: not UTF-8 text`,
    `if it is Latin 1: iconv -f LATIN1 -t UTF-8 ${shellWord(name)} > utf8.txt; --format says what else the file is`,
  )
}
