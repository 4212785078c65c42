import { App, Tags } from 'aws-cdk-lib';
import { createStacks } from '../lib/app';
import { readCdkContext } from '../lib/cdk-json';
import { type Config, readConfig } from '../lib/config';
import { ConfigError } from '../lib/config-error';
import { LAB_ACCOUNT_ID, TAG } from '../lib/contract';
import { hasOwnKafka, hasOwnMongodb } from '../lib/engines';
import { stageOfCdk } from '../lib/stage';

/** CDK's entry: reads the configuration, then creates the stacks. Data for people goes to stderr. */
function main(): void {
  const app = new App();
  let config: Config;
  try {
    const context = app.node.getAllContext() as Record<string, unknown>;
    const account = process.env.CDK_DEFAULT_ACCOUNT;
    const isLab = (context.account ?? account) === LAB_ACCOUNT_ID;
    const env = process.env.METALS_STAGE;
    const stage = stageOfCdk({ merged: context.stage, env, file: readCdkContext().stage, isLab });
    const named = stage === undefined ? context : { ...context, stage };
    config = readConfig(named, { account, region: process.env.CDK_DEFAULT_REGION });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`metals: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const where = config.isLab ? 'the lab on this machine' : 'AWS';
  process.stderr.write(
    `metals: stage ${config.stage} on ${where}, account ${config.account}, region ${config.region}, ` +
      `Kafka ${hasOwnKafka(config) ? config.kafkaMode : 'external'}${hasOwnMongodb(config) ? '' : ', MongoDB external'}\n`,
  );
  createStacks(app, config);
  Tags.of(app).add(TAG.stage, config.stage);
  app.synth();
}

main();
