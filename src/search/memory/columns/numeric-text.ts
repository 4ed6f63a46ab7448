/** Text that SQLite converts to a number when it is compared with a numeric column. */
export const NUMERIC: RegExp =
  /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/
