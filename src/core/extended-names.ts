/**
 * SQLite's names of extended result codes, by primary name. An extended code is the primary code plus 256 times the
 * position in this list, counted from 1.
 */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  SQLITE_ERROR: ['', 'MISSING_COLLSEQ', 'RETRY', 'SNAPSHOT'],
  SQLITE_ABORT: ['', '', 'ROLLBACK'],
  SQLITE_BUSY: ['', 'RECOVERY', 'SNAPSHOT', 'TIMEOUT'],
  SQLITE_LOCKED: ['', 'SHAREDCACHE', 'VTAB'],
  SQLITE_READONLY: ['', 'RECOVERY', 'CANTLOCK', 'ROLLBACK', 'DBMOVED', 'CANTINIT', 'DIRECTORY'],
  SQLITE_IOERR:
    ',READ,SHORT_READ,WRITE,FSYNC,DIR_FSYNC,TRUNCATE,FSTAT,UNLOCK,RDLOCK,DELETE,BLOCKED,NOMEM,ACCESS,CHECKRESERVEDLOCK,LOCK,CLOSE,DIR_CLOSE,SHMOPEN,SHMSIZE,SHMLOCK,SHMMAP,SEEK,DELETE_NOENT,MMAP,GETTEMPPATH,CONVPATH,VNODE,AUTH,BEGIN_ATOMIC,COMMIT_ATOMIC,ROLLBACK_ATOMIC,DATA,CORRUPTFS,IN_PAGE'.split(
      ',',
    ),
  SQLITE_CORRUPT: ['', 'VTAB', 'SEQUENCE', 'INDEX'],
  SQLITE_CANTOPEN: ['', 'NOTEMPDIR', 'ISDIR', 'FULLPATH', 'CONVPATH', 'DIRTYWAL', 'SYMLINK'],
  SQLITE_CONSTRAINT: [
    '',
    'CHECK',
    'COMMITHOOK',
    'FOREIGNKEY',
    'FUNCTION',
    'NOTNULL',
    'PRIMARYKEY',
    'TRIGGER',
    'UNIQUE',
    'VTAB',
    'ROWID',
    'PINNED',
    'DATATYPE',
  ],
  SQLITE_AUTH: ['', 'USER'],
}

/** The name of an extended result code, such as SQLITE_CONSTRAINT_UNIQUE, or else the primary name. */
export function extendedName(primary: string, extendedCode: number): string {
  const suffix = SUFFIXES[primary]?.[extendedCode >> 8] ?? ''
  return suffix === '' ? primary : `${primary}_${suffix}`
}
