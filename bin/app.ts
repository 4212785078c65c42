import { App, Tags } from 'aws-cdk-lib';
import { createStacks } from '../lib/app';
import { type Config, ConfigError, readConfig } from '../lib/config';
import { TAG } from '../lib/contract';

/** CDK's entry: reads the configuration, then creates the stacks. Data for people goes to stderr. */
function main(): void {
  const app = new App();
  let config: Config;
  try {
    config = readConfig(app.node.getAllContext(), {
      account: process.env.CDK_DEFAULT_ACCOUNT,
      region: process.env.CDK_DEFAULT_REGION,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`metals: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const where = config.isLab ? 'the lab on this machine' : 'AWS';
  process.stderr.write(
    `metals: stage ${config.stage} on ${where}, account ${config.account}, region ${config.region}, ` +
      `Kafka ${config.kafkaMode}\n`,
  );
  createStacks(app, config);
  Tags.of(app).add(TAG.stage, config.stage);
  app.synth();
}

main();
