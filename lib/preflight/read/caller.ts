/** Who asks, in which region, and by whose clock. */
import { DescribeRegionsCommand, EC2Client, type Region } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { closest } from 'fastest-levenshtein';
import { boundCalls, clientConfig, type CallBounds, type ClientSettings } from '../../aws-client';
import { isUnknownSigner, isUnreachable } from '../../aws-errors';
import { CliError } from '../../cli/errors';
import { known, unknown, type Fact } from '../fact';

export interface Caller {
  readonly account: string;
  readonly arn: string;
  /** This machine's clock minus AWS's. */
  readonly clockSkewSeconds: Fact<number>;
}

/** @throws CliError when the region does not exist or is switched off; else what the SDK threw */
export async function readCaller(sts: STSClient, settings: ClientSettings & CallBounds, what: string): Promise<Caller> {
  let date: string | undefined;
  let receivedAtMs = 0;
  sts.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { headers?: Record<string, string> }).headers?.date;
      receivedAtMs = Date.now();
      return result;
    },
    { step: 'deserialize', name: 'metalsReadDate', override: true },
  );
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return { account: Account!, arn: Arn!, clockSkewSeconds: clockSkew(date, receivedAtMs) };
  } catch (error) {
    if (settings.endpoint === undefined && (isUnreachable(error) || isUnknownSigner(error))) {
      const problem = await regionProblem(settings, what);
      if (problem) throw problem;
    }
    throw error;
  }
}

/** Pure: the header Date has whole seconds. */
export function clockSkew(date: string | undefined, receivedAtMs: number): Fact<number> {
  const atMs = Date.parse(date ?? '');
  if (Number.isNaN(atMs)) return unknown('not known: the answer has no header Date');
  return known((receivedAtMs - atMs) / 1000);
}

/** Each partition's oldest region, which nobody can switch off. */
const homeRegion = (region: string): string =>
  region.startsWith('cn-') ? 'cn-north-1' : region.startsWith('us-gov-') ? 'us-gov-west-1' : 'us-east-1';

/** Asks another region about this one. Undefined: this region is there, or nobody answers. */
async function regionProblem(settings: ClientSettings & CallBounds, what: string): Promise<CliError | undefined> {
  const region = settings.region ?? '';
  const config = await clientConfig({ ...settings, region: homeRegion(region) });
  const ec2 = boundCalls(new EC2Client({ ...config, maxAttempts: 1 }), settings);
  try {
    const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({ AllRegions: true }));
    return explainRegion(region, Regions, what);
  } catch {
    // It was the question why the first request failed: that error is the one to tell.
    return undefined;
  } finally {
    ec2.destroy();
  }
}

/** Pure. */
export function explainRegion(region: string, regions: readonly Region[], what: string): CliError | undefined {
  const found = regions.find(({ RegionName }) => RegionName === region);
  if (!found) {
    const nearest = closest(
      region,
      regions.map(({ RegionName }) => RegionName ?? ''),
    );
    return new CliError(what, `AWS has no region ${region}`, [`add --region ${nearest}`], 'unknown-region');
  }
  if (found.OptInStatus !== 'not-opted-in') return undefined;
  return new CliError(
    what,
    `the region ${region} is switched off for this account`,
    [`aws account enable-region --region-name ${region}    # then wait some minutes`, 'or add --region eu-west-1'],
    'region-off',
  );
}
