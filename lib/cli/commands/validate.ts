import { z } from 'zod';
import { EXIT } from '../../contract';
import { visible } from '../../safe-text';
import { askManager } from '../ask-manager';
import type { Context } from '../context';
import { completeCommands } from '../next-command';
import { assertDeployed, connect } from '../systems-manager';
import { shortImages } from '../short-images';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const VALIDATE_FAILED = 'nothing was compared';
const DEFAULT_TIMEOUT_SECONDS = 300;

const answer = z.object({
  checks: z.array(z.object({ subject: z.string(), expected: z.string(), actual: z.string(), ok: z.boolean() })),
});

/** `metals validate`: what there is against what was deployed and planned; exit code 3 when anything differs. */
export async function validate(context: Context): Promise<number> {
  const { terminal, stage, given } = context;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-validate', VALIDATE_FAILED);
  const { checks } = await askManager(context, connection, {
    document: 'stack-validate',
    title: 'comparing the Swarm, Kafka and MongoDB with what was deployed',
    parameters: {},
    timeoutSeconds: context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    answer,
    failure: VALIDATE_FAILED,
    next: './bin/metals doctor',
  });
  const wrong = checks.filter(({ ok }) => !ok);
  if (terminal.json) terminal.value({ stage, valid: wrong.length === 0, checks });
  else {
    if (wrong.length > 0) {
      const rows = wrong.map(({ subject, expected, actual }) =>
        [subject, expected, actual].map((text) => shortImages(visible(text))),
      );
      terminal.data(drawTable([['differs', 'expected', 'is'], ...rows], terminal.colors));
    }
    terminal.note(`${checks.length - wrong.length} of ${checks.length} are as they should be`);
    if (wrong.length > 0) terminal.note(completeCommands(NEXT, given));
  }
  return wrong.length === 0 ? EXIT.ok : EXIT.unhealthy;
}

const NEXT =
  'next: ./bin/metals redeploy    # for services and networks\n' +
  'topics, rights, users and indexes are put right within half an hour, or at once: ./bin/metals secrets sync';

export const verb: Verb = { failure: VALIDATE_FAILED, run: validate };
