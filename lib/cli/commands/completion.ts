import type { Command } from 'commander';
import { RULES, type Rule } from '../../config-rules';
import { REGIONS } from '../../regions';
import { FIRST_MANAGER } from '../../contract';
import { completionScript, type SHELLS, type Values } from '../completion';
import { DEAD_LETTER_REASONS } from '../dead-letter-reasons';

/** Chosen by other flags, or set by the command line itself. */
const NOT_TYPED = ['account', 'region', 'stage', 'secretVersions', 'dataVolumes', 'fault'];

/** Pure: `workers=`, and `egress=endpoints` where the values are few. */
const settings = Object.entries<Rule>(RULES)
  .filter(([key]) => !NOT_TYPED.includes(key))
  .flatMap(([key, { values = [''] }]) => values.map((value) => `${key}=${value}`));

const VALUES: Values = {
  '--region': REGIONS,
  '--reason': DEAD_LETTER_REASONS,
  '--slot': [FIRST_MANAGER, 'manager-2', 'manager-3', 'manager-4', 'manager-5'],
  '--context': settings,
};

/** `metals completion`: the script for a shell to source. */
export const completion = (program: Command, shell: (typeof SHELLS)[number]): string =>
  completionScript(program, shell, VALUES);
