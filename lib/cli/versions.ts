/** The versions of a stage that have converged, out of the commands that Systems Manager has kept, and which to go back to. Pure. */
import type { Command } from '@aws-sdk/client-ssm';
import { createHash } from 'node:crypto';
import { documentName } from '../contract';
import { parameterValues } from './parameter-values';

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

/**
 * What CloudFormation has deployed and what has converged, the newest first, each run of the same version once. What was
 * there before the stage was destroyed is none: its stage is another one.
 */
export function versionsOf(commands: readonly Command[], stage: string): Version[] {
  const versions: Version[] = [];
  const newestFirst = [...commands].sort((a, b) => sentAtMs(b) - sentAtMs(a));
  for (const command of newestFirst) {
    if (command.Status !== 'Success') continue;
    if (command.DocumentName === documentName(stage, 'stack-remove')) break;
    if (!command.Comment?.startsWith('CloudFormation')) continue;
    const parameters = parameterValues(command.Parameters);
    const name = versionName(parameters);
    if (versions[versions.length - 1]?.name === name) continue;
    versions.push({ name, at: new Date(sentAtMs(command)).toISOString(), parameters });
  }
  return versions;
}

const sentAtMs = ({ RequestedDateTime }: Command): number => RequestedDateTime?.getTime() ?? 0;

/** The one to go back to, or why there is none that can be chosen; `others` are those that could be named. */
export type Choice =
  { readonly to: Version } | { readonly refusal: string; readonly others: readonly Pick<Version, 'name' | 'at'>[] };

/**
 * @param deployed the version of now
 * @param wanted the beginning of a name @default the version before; but after one has gone back, none: who repeats the command
 *   does not want the version that was left
 */
export function chooseVersion(versions: readonly Version[], deployed: string, wanted?: string): Choice {
  const others = [...new Map([...versions].reverse().map((version) => [version.name, version])).values()]
    .filter(({ name }) => name !== deployed)
    .sort((a, b) => b.at.localeCompare(a.at));
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
  const [to] = others;
  if (to === undefined)
    return refuse('no other version has converged in the last 30 days, and Systems Manager keeps no older commands');
  const now = versions.findIndex(({ name }) => name === deployed);
  if (now >= 0 && versions.slice(now + 1).some(({ name }) => name === deployed))
    return refuse(
      `version ${deployed} is one of before already, deployed again ${versions[now]!.at.slice(0, 19).replace('T', ' ')} UTC`,
    );
  return { to };
}
