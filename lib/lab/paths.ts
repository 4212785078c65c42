/** Where the lab finds its sources and keeps its files. */
import path from 'node:path';
import { REPOSITORY } from '../repository';

export const ASSETS = path.join(REPOSITORY, 'assets', 'lab');
/** Build contexts; safe to delete. */
export const BUILD_DIRECTORY = path.join(REPOSITORY, 'build', 'lab');
/** The lab's secret and environment, mode 0700. */
export const LAB_DIRECTORY = path.join(REPOSITORY, '.lab');
