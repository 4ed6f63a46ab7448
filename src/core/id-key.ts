/** An id's bytes as a key of maps and sets: text would make one of ids that are no UTF-8. */
export function idKey(id: Uint8Array): string {
  let key = ''
  for (const byte of id) key += String.fromCharCode(byte)
  return key
}
