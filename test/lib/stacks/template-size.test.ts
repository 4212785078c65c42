/** CloudFormation's limits for a template, with the largest cluster that may be configured. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { context } from '../../../cdk.json';
import { createStacks } from '../../../lib/app';
import { readConfig } from '../../../lib/config';
import { AMI } from './synthesise';

/** Of a template in a bucket, where the CDK puts all of them [CloudFormation quotas: template body size, resources]. */
const MOST_BYTES = 1_000_000;
const MOST_RESOURCES = 500;

test('five managers and twenty workers, three brokers, a load balancer, and tags', () => {
  const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/01234567-0123-4123-8123-012345678901';
  const config = readConfig(
    {
      ...{ account: '123456789012', region: 'eu-west-1', amiId: AMI, managers: 5, workers: 20, kafkaBrokers: 3 },
      ...{ loadBalancer: 'public', loadBalancerCertificateArn: certificate, loadBalancerCidrs: '203.0.113.0/24' },
      ...{ tags: 'team=metals,cost-center=0123456789', flowLogs: 'all' },
      alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
    },
    {},
  );
  const app = new App({ context });
  createStacks(app, config);
  for (const { stackName, template, templateFile } of app.synth().stacks) {
    // As it is uploaded.
    const bytes = statSync(join(app.outdir, templateFile)).size;
    expect({ stackName, isTooLarge: bytes > MOST_BYTES, bytes }).toMatchObject({ isTooLarge: false });
    expect(Object.keys((template as { Resources: object }).Resources).length).toBeLessThanOrEqual(MOST_RESOURCES);
  }
});
