/**
 * `npm run test:strict`: plants each defect of defects.yml in a copy of the product, runs the test that must catch it, and
 * fails unless it does, for the reason that is expected. docs/lab.md explains it and has the table.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createColors } from 'picocolors';
import { drawTable } from '../../lib/cli/table';
import { REPOSITORY } from '../../lib/repository';
import { EXIT } from '../../lib/contract';
import { LabError } from '../../lib/lab/lab-error';
import { BASELINE_LIMIT_SECONDS, DEFECT_LIMIT_SECONDS, isBats, runCheck } from './support/check';
import { makeCopy, withDefect } from './support/copy';
import { type Defect, isLabDefect, occurrences, stale, UsageError } from './support/defects';
import { baselineProblem, judge, type Verdict } from './support/judge';
import { interruption, tryInLab } from './support/lab-run';
import { forget, note, type Outcome, report, save, updateDocs } from './support/report';
import { readRequest, type Request, USAGE } from './support/request';

/** Every defect must fit today's product before the first is planted. */
function refuseStale(defects: readonly Defect[]): void {
  const problems = defects.flatMap((defect) => {
    const file = path.join(REPOSITORY, defect.file);
    const count = existsSync(file) ? occurrences(readFileSync(file, 'utf8'), defect) : 0;
    return count === 1 ? [] : [stale(defect, count)];
  });
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\nadapt test/strict/defects.yml to the product`);
}

/** Without a defect every check passes, or it could prove nothing; each kind of test at once, in a copy of its own. */
async function refuseFailingChecks(copies: readonly string[], defects: readonly Defect[]): Promise<void> {
  const kinds = [true, false].map((bats) => defects.filter(({ test }) => isBats(test) === bats));
  const results = await Promise.all(
    kinds
      .filter((kind) => kind.length > 0)
      .map((kind, index) =>
        runCheck(copies[index % copies.length]!, {
          files: [...new Set(kind.map(({ test }) => test))],
          names: [...new Set(kind.map(({ name }) => name))],
          limitSeconds: BASELINE_LIMIT_SECONDS,
        }),
      ),
  );
  const problems = defects.flatMap((defect) => {
    const problem = baselineProblem(defect, results.flat());
    return problem === undefined ? [] : [`${defect.id}: ${problem}`];
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function tryDefect(copy: string, defect: Defect): Promise<Outcome> {
  const started = Date.now();
  const check = { files: [defect.test], names: [defect.name], limitSeconds: DEFECT_LIMIT_SECONDS };
  const verdict = await withDefect(copy, defect, () => runCheck(copy, check)).then(
    (results) => judge(defect, results),
    (error: Error): Verdict => ({ caught: false, problem: error.message }),
  );
  const seconds = (Date.now() - started) / 1000;
  note(`${verdict.caught ? 'caught' : 'NOT CAUGHT'}  ${defect.id}  ${seconds.toFixed(1)} s`);
  return { defect, verdict, seconds };
}

async function tryAll(defects: readonly Defect[], copies: readonly string[]): Promise<Outcome[]> {
  const waiting = [...defects];
  const outcomes: Outcome[] = [];
  const worker = async (copy: string): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) outcomes.push(await tryDefect(copy, next));
  };
  await Promise.all(copies.map(worker));
  return outcomes.sort((a, b) => defects.indexOf(a.defect) - defects.indexOf(b.defect));
}

async function main(): Promise<number> {
  const request = readRequest(process.argv.slice(2));
  const { defects } = request;
  if (request.list) {
    const rows = defects.map(({ id, level, title }) => [id, level, title]);
    process.stdout.write(`${drawTable([['defect', 'level', 'title'], ...rows], createColors())}\n`);
    return EXIT.ok;
  }
  const started = Date.now();
  refuseStale(defects);
  const labDefects = defects.filter(isLabDefect);
  const outcomes = labDefects.length > 0 ? await tryInLab(labDefects) : await tryInCopies(request);
  report(outcomes);
  const missed = outcomes.filter(({ verdict }) => !verdict.caught).length;
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(`${outcomes.length - missed} of ${outcomes.length} planted defects caught, ${seconds} s\n`);
  if (missed > 0) return EXIT.failure;
  if (request.updateDocs) await updateDocs(outcomes);
  return EXIT.ok;
}

/** By tests that need no lab, several at a time. */
async function tryInCopies({ defects, jobs }: Request): Promise<Outcome[]> {
  const started = Date.now();
  forget();
  const numbers = Array.from({ length: Math.min(jobs, defects.length) }, (_, index) => index + 1);
  const copies = await Promise.all(numbers.map(makeCopy));
  await refuseFailingChecks(copies, defects);
  note(`every check passes without a defect, ${Math.round((Date.now() - started) / 1000)} s`);
  const outcomes = await tryAll(defects, copies);
  save(outcomes);
  return outcomes;
}

// Ends what is running as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    const told = interruption();
    if (told !== undefined) note(told);
    process.exit(EXIT.interrupted);
  });
}

main().then(
  (code) => void (process.exitCode = code),
  (error: Error) => {
    note(`test:strict: ${error.message}`);
    if (error instanceof LabError) for (const command of error.next) note(`next: ${command}`);
    if (error instanceof UsageError) note(USAGE);
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failure;
  },
);
