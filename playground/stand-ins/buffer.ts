const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

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

  static isBuffer(given: unknown): given is PageBuffer {
    return given instanceof PageBuffer
  }

  static allocUnsafe(size: number): PageBuffer {
    return new PageBuffer(size)
  }

  static compare(a: Uint8Array, b: Uint8Array): number {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i]
    return a.length - b.length
  }

  compare(other: Uint8Array, from = 0, end: number = other.length): number {
    return PageBuffer.compare(this, other.subarray(from, end))
  }

  copy(to: Uint8Array, at = 0, from = 0, end: number = this.length): void {
    to.set(this.subarray(from, end), at)
  }

  equals(other: Uint8Array): boolean {
    return this.compare(other) === 0
  }

  override toString(encoding?: string, from = 0, end: number = this.length): string {
    if (encoding !== 'base64') return decoder.decode(this.subarray(from, end))
    let binary = ''
    for (const byte of this) binary += String.fromCharCode(byte)
    return btoa(binary)
  }
}

export { PageBuffer as Buffer }
