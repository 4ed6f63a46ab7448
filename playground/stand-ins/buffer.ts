/** In place of Buffer of Node, as far as importing documents needs it. */
class PageBuffer extends Uint8Array {
  static concat(parts: readonly Uint8Array[]): PageBuffer {
    const joined = new PageBuffer(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      joined.set(part, at)
      at += part.length
    }
    return joined
  }

  static override from(given: unknown, encoding?: unknown): PageBuffer {
    if (typeof given !== 'string') return PageBuffer.concat([given as Uint8Array])
    if (encoding === 'latin1')
      return PageBuffer.concat([Uint8Array.from(given, c => c.charCodeAt(0))])
    return PageBuffer.concat([new TextEncoder().encode(given)])
  }

  override toString(encoding?: string): string {
    if (encoding !== 'base64') return new TextDecoder().decode(this)
    let binary = ''
    for (const byte of this) binary += String.fromCharCode(byte)
    return btoa(binary)
  }
}

export { PageBuffer as Buffer }
