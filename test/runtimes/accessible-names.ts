/** Lines of the tree that screen readers see: controls without a name. */
export function unnamed(tree: string): string[] {
  return tree
    .split('\n')
    .filter(line =>
      /^\s*- (button|checkbox|combobox|img|link|progressbar|searchbox|spinbutton|tab|tabpanel|textbox|region|navigation|group)\b(?! ["'])/.test(
        line,
      ),
    )
}
