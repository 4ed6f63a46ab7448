/** Passwords out of every URL in a text: for messages that quote what was typed. */
export function withoutPasswords(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/]*@/gi, '$1:***@')
    .replaceAll(/([?&](?:[a-z_]*pass[a-z_]*|pwd|token|secret)=)[^\s&'"]+/gi, '$1***')
}
