/** Which of the lab's conformance cases run against an AWS account, and why the others do not. Pure. */

export interface FileCases {
  /** In test/lab. */
  readonly file: string;
  /** Titles of the cases that need nothing but AWS's APIs and the command line. */
  readonly runs: readonly string[];
  /** Why the other cases of the file do not run; undefined when all do. */
  readonly othersNeed: string;
}

/** Where a case needs no more than a shell on a node, AWS-RunShellScript could give it one; that is not written. */
const NODES = 'docker exec on the nodes, which are containers in the lab alone';
const TUNNEL = 'a port of a task or of the edge on this machine, which the lab publishes and AWS does not';
/** What these cases show is that the lab is as strict as AWS. */
const RULES_OF_THE_LAB = 'what the gateway records or enforces, which on AWS is AWS itself';
const SEQUENCES = `${TUNNEL}, for their load; their deployments name no stage`;

export const CASES: readonly FileCases[] = [
  {
    file: '10-swarm.test.ts',
    runs: [
      'metals status --json is healthy',
      'each is at its replica count, and the setup job is complete',
      'the smoke test passes its seven steps',
    ],
    othersNeed: NODES,
  },
  { file: '20-pipeline.test.ts', runs: [], othersNeed: TUNNEL },
  { file: '30-access.test.ts', runs: [], othersNeed: `${NODES}, or the gateway` },
  { file: '36-associations.test.ts', runs: [], othersNeed: `${NODES}, and the lab’s clock` },
  { file: '40-hardening.test.ts', runs: [], othersNeed: NODES },
  { file: '45-cloudformation.test.ts', runs: [], othersNeed: RULES_OF_THE_LAB },
  {
    file: '50-secrets.test.ts',
    runs: [
      'there are seven values, each long enough to be looked for',
      'in no document, no command and none of its outputs',
      'in no template and no event of CloudFormation',
      'in no file of the working copy',
    ],
    othersNeed: `${NODES}, or the gateway`,
  },
  { file: '60-delivery.test.ts', runs: [], othersNeed: `${NODES}, and ${TUNNEL}` },
  { file: '65-dead-letters.test.ts', runs: [], othersNeed: TUNNEL },
  { file: '66-rewind.test.ts', runs: [], othersNeed: TUNNEL },
  { file: '67-logs.test.ts', runs: [], othersNeed: TUNNEL },
  { file: '68-sessions.test.ts', runs: [], othersNeed: NODES },
  { file: '70-scaling.test.ts', runs: [], othersNeed: NODES },
  { file: '71-maintenance.test.ts', runs: [], othersNeed: TUNNEL },
  { file: '72-disks.test.ts', runs: [], othersNeed: 'the gateway: its calls are signed for the lab' },
  { file: '73-doctor.test.ts', runs: [], othersNeed: NODES },
  { file: '75-killed-documents.test.ts', runs: [], othersNeed: RULES_OF_THE_LAB },
  {
    file: '80-deploy.test.ts',
    runs: [],
    othersNeed:
      'the gateway or a fault that only the lab builds; its deployments name no stage, so that on AWS they would deploy another one',
  },
  { file: '81-bad-deployments.test.ts', runs: [], othersNeed: `${NODES}, and ${TUNNEL}` },
  { file: '82-rollback.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '83-front.test.ts', runs: [], othersNeed: `${NODES}, and the lab’s published ports` },
  { file: '85-workers.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '86-replacement.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '87-secrets-rotated.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '88-second-stage.test.ts', runs: [], othersNeed: `${NODES}; it would deploy a stage of its own` },
  { file: '89-lost-volumes.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '90-zookeeper.test.ts', runs: [], othersNeed: `${NODES}; its deployments name no stage` },
  { file: '91-three-brokers.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '92-faults.test.ts', runs: [], othersNeed: NODES },
  { file: '93-one-swarm.test.ts', runs: [], othersNeed: NODES },
  { file: '94-external-engines.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '94-external-refused.test.ts', runs: [], othersNeed: SEQUENCES },
  { file: '94-volumes.test.ts', runs: [], othersNeed: NODES },
  {
    file: '95-destroy.test.ts',
    runs: ['metals destroy says what would go and what would be lost, and needs a name or --yes'],
    othersNeed: SEQUENCES,
  },
  { file: '95-iam.test.ts', runs: [], othersNeed: RULES_OF_THE_LAB },
  { file: '95-shapes.test.ts', runs: [], othersNeed: RULES_OF_THE_LAB },
  { file: '96-grants.test.ts', runs: [], othersNeed: NODES },
];

/** A regular expression for Jest that matches exactly these titles at the end of a case's full name. */
export const titlePattern = (cases: readonly FileCases[]): string =>
  `(${cases
    .flatMap(({ runs }) => runs)
    .map((title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|')})$`;
