/** What there is of a stage: as the lab answered, of the stacks' resources those that matter to its end; and nothing. */
import type { StageContents } from '../../../lib/cli/stage-contents';
import recorded from './recorded-stage.json';

/** It keeps no data. */
export const LAB: StageContents = recorded;

export const NOTHING: StageContents = {
  ...{ stacks: [], volumes: [], secrets: [], snapshots: [], logGroups: [] },
  ...{ functionLogs: [], instances: [], parameters: [] },
};
