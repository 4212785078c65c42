/** The versions of a stage that have converged, out of the commands that Systems Manager has kept, and which to go back to. Pure. */
import type { Command } from '@aws-sdk/client-ssm';
import { createHash } from 'node:crypto';
import { documentName } from '../contract';
import { parameterValues } from './parameter-values';
import { sentAtMs } from './sent-commands';

type Parameters = Readonly<Record<string, string>>;

export interface Version {
  readonly name: string;
  /** When it was deployed last, as ISO 8601. */
  readonly at: string;
  /** Of stack-deploy. */
  readonly parameters: Parameters;
}

/** What is deployed is a bundle and images: the same bundle with other images is another version. */
export const versionName = ({ BundleSha256, Images }: Parameters): string =>
  createHash('sha256').update(`${BundleSha256} ${Images}`).digest('hex').slice(0, 12);

/** URIs by component. */
export const imagesOf = ({ Images = '' }: Parameters): ReadonlyMap<string, string> =>
  new Map(Images.split(',').map((pair) => pair.split('=', 2) as [string, string]));

/**
 * What CloudFormation has deployed and what has converged, the newest first, each run of the same version once. What was
 * there before the stack was created is none: its stage is another one.
 */
export function versionsOf(commands: readonly Command[], stage: string, createdAt: Date): Version[] {
  const versions: Version[] = [];
  const newestFirst = [...commands].sort((a, b) => sentAtMs(b) - sentAtMs(a));
  for (const command of newestFirst) {
    if (command.Status !== 'Success' || sentAtMs(command) < createdAt.getTime()) continue;
    if (command.DocumentName !== documentName(stage, 'stack-deploy')) continue;
    if (!command.Comment?.startsWith('CloudFormation')) continue;
    const parameters = parameterValues(command.Parameters);
    const name = versionName(parameters);
    if (versions[versions.length - 1]?.name === name) continue;
    versions.push({ name, at: new Date(sentAtMs(command)).toISOString(), parameters });
  }
  return versions;
}

/** The one to go back to, or why none is chosen; `others` could be named, the likeliest first. */
export type Choice =
  { readonly to: Version } | { readonly refusal: string; readonly others: readonly Pick<Version, 'name' | 'at'>[] };

/**
 * @param isRolledBack whether what is deployed was brought back by a rollback: who repeats the command does not want the
 *   version that was left
 * @param wanted the beginning of a name @default the one that converged before what is deployed
 */
export function chooseVersion(
  versions: readonly Version[],
  deployed: string,
  isRolledBack: boolean,
  wanted?: string,
): Choice {
  const now = versions.findIndex(({ name }) => name === deployed);
  const first = versions.findLastIndex(({ name }) => name === deployed);
  // Older than what is deployed, and then those that came between or after: they were left, or never served.
  const ordered = now < 0 ? versions : [...versions.slice(first + 1), ...versions.slice(0, first)];
  const others = [...new Map([...ordered].reverse().map((version) => [version.name, version])).values()]
    .reverse()
    .filter(({ name }) => name !== deployed);
  const refuse = (refusal: string): Choice => ({ refusal, others });
  if (wanted !== undefined) {
    const [to, ...more] = others.filter(({ name }) => name.startsWith(wanted));
    if (more.length > 0) return refuse(`${more.length + 1} versions begin with ${wanted}`);
    if (to !== undefined) return { to };
    return refuse(
      deployed.startsWith(wanted)
        ? `version ${wanted} is what is deployed`
        : `no version ${wanted} has converged in the last 30 days`,
    );
  }
  if (others.length === 0)
    return refuse('no other version has converged in the last 30 days, and Systems Manager keeps no older commands');
  if (isRolledBack) return refuse(`version ${deployed} is an earlier one already, deployed by metals rollback`);
  if (now !== first)
    return refuse(
      `version ${deployed} was deployed more than once, with another one in between, so which is the previous one is not clear`,
    );
  const to = now < 0 ? undefined : versions[now + 1];
  if (to === undefined)
    return refuse(`no version from before ${deployed} is known: Systems Manager keeps commands for 30 days`);
  return { to };
}
