/** The bytes of base64 text. Throws for anything else, as `atob` does. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  // Uint8Array.from() with a function takes twenty times as long before it is compiled, and most calls are early.
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
