/** The command line of test:strict. */
import { parseArgs } from 'node:util';
import { type Defect, LEVELS, readDefects, selectDefects, UsageError } from './defects';

export const USAGE = `usage: npm run test:strict -- [--level ${LEVELS.join(',')}] [--only ID,…] [--jobs N] [--list] [--update-docs]
Without --level and --only: every defect, but for those of the lab. --level lab plants in the lab that is up.`;

export interface Request {
  readonly defects: readonly Defect[];
  readonly jobs: number;
  readonly list: boolean;
  readonly updateDocs: boolean;
}

/** @throws UsageError with what is wrong and what is known */
export function readRequest(args: readonly string[]): Request {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        level: { type: 'string', multiple: true },
        only: { type: 'string', multiple: true },
        jobs: { type: 'string', default: '2' },
        list: { type: 'boolean', default: false },
        'update-docs': { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 16)
    throw new UsageError(`--jobs is ${values.jobs}, expected a whole number from 1 to 16`);
  const split = (list: string[] | undefined) => list?.flatMap((each) => each.split(',')).filter((each) => each !== '');
  const defects = selectDefects(readDefects(), { levels: split(values.level), only: split(values.only) });
  return { defects, jobs, list: values.list, updateDocs: values['update-docs'] };
}
