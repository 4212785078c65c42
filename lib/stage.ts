/**
 * Which deployment is meant, in one order for `metals` and `cdk`: what was typed (`--stage`, `-c stage=`), METALS_STAGE,
 * cdk.json's context, the default (STAGE.defaultFor). Pure.
 */
import { ConfigError } from './config-error';
import { STAGE } from './contract';

/** Undefined: nobody has said. `from` is what an error names. */
export function chooseStage(given: {
  readonly typed?: string;
  readonly env?: string;
  readonly file?: unknown;
}): { stage: string; from: string } | undefined {
  if (given.typed !== undefined) return { stage: given.typed, from: '--stage' };
  if (given.env) return { stage: given.env, from: 'METALS_STAGE' };
  return given.file === undefined ? undefined : { stage: String(given.file), from: 'stage in cdk.json' };
}

export interface StageOfCdk {
  /** `stage` of the context that the CDK CLI hands over: typed, or of cdk.json. */
  readonly merged?: unknown;
  /** METALS_STAGE. */
  readonly env?: string;
  /** `stage` in cdk.json. */
  readonly file?: unknown;
  readonly isLab: boolean;
}

/**
 * The same for the CDK app, which cannot see whether the stage of cdk.json was typed as well. Then METALS_STAGE counts in
 * the lab; on AWS nothing is done to a stage that may not be the one that was typed.
 *
 * @throws ConfigError
 */
export function stageOfCdk({ merged, env, file, isLab }: StageOfCdk): unknown {
  if (!env || (merged !== undefined && merged !== file)) return merged;
  if (!STAGE.pattern.test(env)) throw new ConfigError([`METALS_STAGE: got "${env}", expected ${STAGE.allowed}`]);
  if (merged === undefined || merged === env || isLab) return env;
  throw new ConfigError([
    `stage: METALS_STAGE is "${env}", but the stage of cdk.json, which may have been typed, too, is "${String(merged)}"; ` +
      `for ${String(merged)}: unset METALS_STAGE; for ${env}: add -c stage=${env}`,
  ]);
}
