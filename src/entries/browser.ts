/** The databases that a browser stores for an origin: list, delete, import, export. */
export {
  deleteDatabase,
  exportDatabase,
  importDatabase,
  listDatabases,
  persistStorage,
  storageReport,
  type StorageReport,
} from '../sqlite/platform/browser/stored-databases.ts'
