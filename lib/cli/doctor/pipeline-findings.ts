/** Pure: what services say of themselves, and what else a deployment has left. */
import { STATES, type StateCode } from '../../../services/common/health-states';
import { finding } from './finding';
import type { Evidence, Finding, SwarmEvidence } from './evidence';
import { ROLLED_BACK, type StackStatus } from '../stack-status';

/** What begins in a reason of GET /health the next step, which tells the state. */
const NEXT = '; next: ';
/** A reason may have been cut. */
const LEAST_OF_NEXT = 12;

export function pipelineFindings({ status, swarm, failedAssociations }: Evidence): Finding[] {
  return [
    ...(status === undefined ? [] : ofStatus(status)),
    ...failedAssociations.map((told) => {
      const [what = told, why = ''] = told.split('; why: ');
      return finding('association-failed', what, [], why === '' ? './bin/metals status' : why);
    }),
    ...(swarm?.drift ?? []).map(drifted),
    ...(swarm?.lease && swarm.lease.expires_in_seconds <= 0
      ? [
          finding(
            'deployment-cut-off',
            `${swarm.lease.document ?? 'a deployment'} on ${swarm.lease.slot ?? 'a manager'} was cut off`,
            [
              `command ${swarm.lease.command ?? 'unknown'}, since ${swarm.lease.since ?? 'unknown'}; its lease ended ${-swarm.lease.expires_in_seconds} s ago`,
            ],
            './bin/metals redeploy    # lets it end',
          ),
        ]
      : []),
  ];
}

function drifted({ service, what, is, deployed }: SwarmEvidence['drift'][number]): Finding {
  return what === 'service'
    ? finding('drifted', `${service} is not there, though it was deployed`, [], REDEPLOY)
    : finding(
        'drifted',
        `${service} has another ${what} than was deployed`,
        [`it has ${is}`, `deployed: ${deployed}`],
        REDEPLOY,
      );
}

const REDEPLOY = './bin/metals redeploy    # puts back what was changed by hand';

function ofStatus(status: StackStatus): Finding[] {
  const unlabelled = status.nodes.filter(({ slot, state }) => slot === null && state === 'ready');
  return [
    ...unlabelled.map(({ hostname }) =>
      finding(
        'no-node-fits',
        `node ${hostname} has lost its label metals.slot`,
        ['tasks that ask for it wait'],
        './bin/metals status --watch    # the association Relabel gives it back within half an hour',
      ),
    ),
    ...status.moves.map(({ kafka, mongodb }) =>
      finding(
        'move-unfinished',
        `a move to Kafka ${kafka}, MongoDB ${mongodb} has not ended`,
        [],
        './bin/metals deploy',
      ),
    ),
    ...status.services.flatMap(({ name, mode, desired, standstill, update_state: update }) => {
      if (ROLLED_BACK.includes(update ?? ''))
        return [
          finding(
            'update-undone',
            `${name}: its last update ended as ${update}`,
            [],
            './bin/metals history    # why; then deploy what is mended',
          ),
        ];
      if (mode !== 'replicated' || desired > 0) return [];
      const mend = ['producer', 'processor'].includes(name) ? `./bin/metals scale ${name}=1    # or more` : REDEPLOY;
      const next = typeof standstill === 'string' ? './bin/metals rewind --all' : mend;
      return [
        finding(
          'scaled-to-zero',
          `${name} is scaled to 0`,
          typeof standstill === 'string' ? ['for a rewind, which has not ended'] : [],
          next,
        ),
      ];
    }),
    ...status.health.flatMap(ofHealth),
  ];
}

function ofHealth({ service, status, reasons }: StackStatus['health'][number]): Finding[] {
  if (status === 'healthy') return [];
  if (status === 'none')
    return [
      finding('service-silent', `${service} does not answer`, reasons, `./bin/metals logs ${service} edge --since 15m`),
    ];
  return reasons.map((reason) => ofReason(service, status, reason));
}

/** Whoever reads the finding reads the words of the service; its code is that of its state. */
function ofReason(service: string, status: string, reason: string): Finding {
  const at = reason.lastIndexOf(NEXT);
  const [detail, cut] = at < 0 ? [reason, ''] : [reason.slice(0, at), reason.slice(at + NEXT.length)];
  const known = (Object.entries(STATES) as [StateCode, (typeof STATES)[StateCode]][]).find(
    ([, rule]) =>
      cut.length >= Math.min(LEAST_OF_NEXT, rule.next.length) &&
      rule.next.startsWith(cut) &&
      (rule.services as readonly string[]).includes(service),
  );
  return {
    code: known?.[0] ?? 'unhealthy',
    what: `${service} is ${status}: ${detail}`,
    evidence: known === undefined ? [] : [`it means: ${known[1].means}`],
    isNot: 'not a fault of Docker: the service runs, and says this itself',
    next: known?.[1].next ?? (cut || `./bin/metals logs ${service}`),
  };
}
