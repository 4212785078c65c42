/** Pure: all that is wrong, the likely root first. */
import type { Evidence, Finding } from './evidence';
import { finding } from './finding';
import { FINDINGS } from './finding-codes';
import { networkFindings } from './network-findings';
import { nodeFindings } from './node-findings';
import { pipelineFindings } from './pipeline-findings';
import { findProblems } from '../stack-status';
import { taskFindings } from './task-findings';

export function diagnose(evidence: Evidence): Finding[] {
  const { swarmSilent, status } = evidence;
  const found = [
    ...(swarmSilent === undefined
      ? []
      : [
          finding(
            'swarm-silent',
            'no manager speaks for the Swarm',
            [swarmSilent.why],
            swarmSilent.next[0] ?? './bin/metals status',
          ),
        ]),
    ...nodeFindings(evidence),
    ...networkFindings(evidence),
    ...taskFindings(evidence),
    ...pipelineFindings(evidence),
  ];
  // What has a code says more; but nothing that is wrong is passed over. While a service is updated it has few tasks of its
  // new specification, and those of the one before serve.
  if (found.length === 0 && status !== undefined)
    found.push(
      ...findProblems({
        ...status,
        services: status.services.filter(({ update_state: update }) => update !== 'updating'),
      }).map((problem) => finding('not-as-it-should-be', problem, [], './bin/metals status')),
    );
  // A stable sort: of the same rank, in the order in which they were found.
  return found.sort((a, b) => rankOf(a) - rankOf(b));
}

const ORDER = Object.keys(FINDINGS);
/** States of the services come after what may be their cause, and before what has no effect yet. */
const RANK_OF_STATES = ORDER.indexOf('service-silent');
const rankOf = ({ code }: Finding): number => (ORDER.includes(code) ? ORDER.indexOf(code) : RANK_OF_STATES);
