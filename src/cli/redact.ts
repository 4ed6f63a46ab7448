/** Removes passwords from all URLs in a text, for messages that quote user input. */
export function withoutPasswords(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/]*@/gi, '$1:***@')
    .replaceAll(/([?&](?:[a-z_]*pass[a-z_]*|pwd|token|secret)=)[^\s&'"]+/gi, '$1***')
}
