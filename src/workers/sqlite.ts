/** The program of the store's worker thread. */
import { parentPort } from 'node:worker_threads';
import initSqlJs from 'sql.js';
import { serveSql } from '../store/sql-server.js';

const port = parentPort;
if (port) void initSqlJs().then(sql => serveSql(port, sql));
