/** How a text is read: as words, any or all of which must occur, or as an expression in FTS5's own language. */
export type TextSyntax = 'any' | 'all' | 'fts5'
export const TEXT_SYNTAXES: readonly TextSyntax[] = ['any', 'all', 'fts5']
