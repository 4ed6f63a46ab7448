/** An id's bytes as a key of maps and sets: as text, ids that are not UTF-8 would become equal. */
export function idKey(id: Uint8Array): string {
  let key = ''
  for (const byte of id) key += String.fromCharCode(byte)
  return key
}
