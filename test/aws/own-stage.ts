/** Whether a stage may be deployed and destroyed: only one of which nothing is there. Pure. */
import { CliError } from '../../lib/cli/errors';
import { cloudFormationStackName, STACKS } from '../../lib/contract';
import type { Fact } from '../../lib/preflight/fact';
import type { LeftoverFacts } from '../../lib/preflight/leftovers';
import { NOT_STARTED } from './request';

/** What a stage would lose, as preflight reads it. */
export type StageFacts = Pick<LeftoverFacts, 'stacks' | 'secrets' | 'volumes'>;

/** @throws CliError naming everything that is there with the commands that remove it, or what could not be looked at */
export function assertNothingThere(stage: string, region: string, { stacks, secrets, volumes }: StageFacts): void {
  const statuses = seen(stage, stacks);
  const names = STACKS.map((id) => cloudFormationStackName(stage, id)).filter((name) => statuses[name]);
  const things = [
    ...names.map((name) => `stack ${name} (${statuses[name]})`),
    ...seen(stage, secrets).map(({ name }) => `secret ${name}`),
    ...seen(stage, volumes).map(({ id, slot }) => `volume ${id} of ${slot}`),
  ];
  if (things.length === 0) return;
  throw new CliError(
    NOT_STARTED,
    `stage ${stage} is there already, and the run would destroy it with its data:\n${things.join('\n')}`,
    [
      'choose another: npm run test:aws -- --stage NAME',
      'only if it is left of an earlier run of this program, remove it:',
      ...(names.length ? [`AWS_REGION=${region} npm run cdk -- destroy --all -c stage=${stage}`] : []),
      ...seen(stage, secrets).map(
        ({ name }) =>
          `aws secretsmanager delete-secret --region ${region} --secret-id ${name} --force-delete-without-recovery`,
      ),
      ...seen(stage, volumes).map(({ id }) => `aws ec2 delete-volume --region ${region} --volume-id ${id}`),
    ],
    'refused',
  );
}

/** A stage that cannot be looked at is not known to be nobody's. */
function seen<T>(stage: string, fact: Fact<T>): T {
  if (fact.kind === 'known') return fact.value;
  const [why, code] =
    fact.kind === 'refused'
      ? [`these credentials lack ${fact.action}`, 'forbidden' as const]
      : [fact.reason, 'failed' as const];
  throw new CliError(
    NOT_STARTED,
    `nobody knows whether stage ${stage} is there already: ${why}`,
    ['./bin/metals preflight shows all that cannot be looked at'],
    code,
  );
}
