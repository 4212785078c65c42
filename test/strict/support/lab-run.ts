/** `--level lab`: one defect after the other is deployed to the lab that is up, must be caught, and is taken out again. */
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { STACKS } from '../../../lib/contract';
import { LAB_LIMIT_SECONDS, runCheck } from './check';
import { makeCopy, withDefect } from './copy';
import { CDK_DEPLOY, type LabDefect } from './defects';
import { judge, told, type TestResult, type Verdict } from './judge';
import { bringBack, deployFrom, requireLab, restore, synthesise } from './lab';
import { interruptedText } from './lab-plan';
import { saveLab } from './lab-results';
import { note, type Outcome } from './report';

let planted: string | undefined;

/** What to do about the lab when the run is interrupted now; undefined where nothing is planted. */
export const interruption = (): string | undefined => planted && interruptedText(planted);

/**
 * In the order of the file. What was caught is saved at once, so that a run that stops keeps it.
 *
 * @throws LabError where no lab is up, or it cannot be brought back: with the commands that do
 */
export async function tryInLab(defects: readonly LabDefect[]): Promise<Outcome[]> {
  await requireLab();
  const sound = await labCopy('sound');
  const copy = await labCopy('defect');
  await synthesise(sound);
  await bringBack(sound, STACKS, 'an earlier run');
  note('the lab runs this product, and passes its smoke test');
  const outcomes: Outcome[] = [];
  for (const defect of defects) {
    planted = defect.id;
    const outcome = await tryOne(copy, defect);
    outcomes.push(outcome);
    saveLab(outcome);
    const { verdict, seconds } = outcome;
    note(`${verdict.caught ? 'caught' : 'NOT CAUGHT'}  ${defect.id}  ${seconds.toFixed(0)} s  ${told(verdict)}`);
    const started = Date.now();
    await restore(sound, defect);
    note(`the lab is back  ${defect.id}  ${((Date.now() - started) / 1000).toFixed(0)} s`);
    planted = undefined;
  }
  return outcomes;
}

/** With the way to the lab, which lies in the clone that has started it. */
async function labCopy(name: string): Promise<string> {
  const copy = await makeCopy(`lab-${name}`);
  symlinkSync(path.join(REPOSITORY, '.lab'), path.join(copy, '.lab'));
  return copy;
}

async function tryOne(copy: string, defect: LabDefect): Promise<Outcome> {
  const started = Date.now();
  const verdict = await withDefect(copy, defect, () => check(copy, defect)).then(
    (results) => judge(defect, results),
    (error: Error): Verdict => ({ caught: false, problem: error.message }),
  );
  return { defect, verdict, seconds: (Date.now() - started) / 1000 };
}

async function check(copy: string, { deploy, test, name }: LabDefect): Promise<TestResult[]> {
  if (deploy.length > 0) {
    const { exitCode, output } = await deployFrom(copy, deploy);
    if (test === CDK_DEPLOY) return [{ name: CDK_DEPLOY, passed: exitCode === 0, text: output }];
    if (exitCode !== 0) throw new Error(`it cannot be deployed: ${output.slice(-2000)}`);
  }
  return runCheck(copy, { files: [test], names: [name], limitSeconds: LAB_LIMIT_SECONDS, project: 'lab' });
}
