import { shellWord } from '../../core/shell-word.ts'
import { optionText, sourceError, type Place } from '../interchange-error.ts'

/** `place` is where the text is not UTF-8; undefined if it is somewhere in `source`. */
export function notUtf8(source: string, place?: Place): Error {
  return sourceError(
    place === undefined ? `${source}: not UTF-8 text` : 'not UTF-8 text',
    `if it is Latin-1: iconv -f LATIN1 -t UTF-8 ${shellWord(source)} > utf8.txt; for another format: ${optionText('format')}`,
    place,
  )
}
