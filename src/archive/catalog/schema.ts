/** The catalog's schema, put together. Migrations are only ever appended. */
import type { StoreSchema } from '../../store/journaled-store.js';
import { QUERIES } from './queries.js';
import { STATEMENTS } from './statements.js';
import { TABLES } from './tables.js';
import { UPKEEP_TABLES } from './upkeep-sql.js';

export const CATALOG_SCHEMA: StoreSchema = {
  version: 1,
  migrations: [TABLES + UPKEEP_TABLES],
  statements: STATEMENTS,
  queries: QUERIES,
};
