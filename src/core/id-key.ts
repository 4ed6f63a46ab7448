/** An id's bytes as a key of maps and sets. As text, ids that are not UTF-8 would become equal. */
export function idKey(id: Uint8Array): string {
  let key = ''
  for (const byte of id) key += String.fromCharCode(byte)
  return key
}

/** A document as a key. Different documents have different keys, whatever characters dataset and id contain. */
export function documentKey(dataset: string, id: Uint8Array): string {
  return `${dataset.length} ${dataset}${idKey(id)}`
}
