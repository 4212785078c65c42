import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Config } from '../config';
import { DISK_METRIC, FILE_SYSTEMS, metricNamespace } from '../contract';

export interface DiskAlarmsProps {
  readonly config: Pick<Config, 'stage' | 'diskAlarmPercent' | 'alarmTopicArn'>;
  /** Names of the node slots. */
  readonly slots: readonly string[];
}

/**
 * An alarm for each file system of each slot, from the percentage that node-prepare reports every half hour.
 *
 * Silence counts as full: a node that reports no more may be one whose disk is full.
 *
 * Resources Deployed: two alarms for each slot. They do nothing but change their state where no topic is configured.
 */
export class DiskAlarms extends Construct {
  constructor(scope: Construct, id: string, { config, slots }: DiskAlarmsProps) {
    super(scope, id);
    const { stage, diskAlarmPercent, alarmTopicArn } = config;
    for (const slot of slots) {
      for (const fileSystem of FILE_SYSTEMS) {
        const metric = new cloudwatch.Metric({
          namespace: metricNamespace(stage),
          metricName: DISK_METRIC,
          dimensionsMap: { Slot: slot, FileSystem: fileSystem },
          statistic: cloudwatch.Stats.MAXIMUM,
          // Two reports fall into an hour; a shorter period would sometimes have none.
          period: Duration.hours(1),
        });
        const alarm = new cloudwatch.Alarm(this, `${slot}-${fileSystem}`, {
          alarmName: `metals-${stage}-${slot}-${fileSystem}-disk`,
          alarmDescription:
            `The ${fileSystem === 'data' ? 'data volume' : 'root file system'} of ${slot} is used by ` +
            `${diskAlarmPercent} % or more, or the node reports no more (docs/nodes.md, Disks)`,
          metric,
          threshold: diskAlarmPercent,
          comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
          evaluationPeriods: 1,
          treatMissingData: cloudwatch.TreatMissingData.BREACHING,
        });
        if (alarmTopicArn !== 'none') alarm.addAlarmAction({ bind: () => ({ alarmActionArn: alarmTopicArn }) });
      }
    }
  }
}
