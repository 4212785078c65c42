/** AWS::EC2::FlowLog: a record only; no traffic of the lab is logged. */
import { ignoreNotFound } from '../errors';
import type { Log } from '../log';
import type { ResourceHandler } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { xmlValues } from '../front-door/xml';
import { setTags } from '../ec2/tags';

export function createFlowLog(upstream: Upstream, log: Log): ResourceHandler {
  const result = (physicalId: string) => ({ physicalId, attributes: { Id: physicalId } });
  return {
    type: 'AWS::EC2::FlowLog',
    replaceOn: [
      'ResourceId',
      'ResourceType',
      'TrafficType',
      'LogDestination',
      'LogDestinationType',
      'LogGroupName',
      'LogFormat',
      'DeliverLogsPermissionArn',
      'MaxAggregationInterval',
    ],
    async create(properties, { logicalId }) {
      const { ResourceId, ResourceType, TrafficType, LogDestination, LogDestinationType, LogGroupName } = properties;
      const created = await upstream.query('ec2', 'CreateFlowLogs', {
        ResourceId: [ResourceId],
        ResourceType,
        TrafficType,
        LogDestination,
        LogDestinationType,
        LogGroupName,
      });
      const physicalId = xmlValues(created, 'item').find((id) => id.startsWith('fl-'));
      if (!physicalId) throw new Error(`ministack created no flow log: ${created.slice(0, 300)}`);
      await setTags(upstream, physicalId, properties.Tags);
      log('stand-in', `flow log ${logicalId} (${physicalId}) is a record only: the lab logs no traffic`);
      return result(physicalId);
    },
    async update(physicalId, { Tags }, old) {
      await setTags(upstream, physicalId, Tags, old.Tags);
      return result(physicalId);
    },
    async delete(physicalId) {
      await ignoreNotFound(upstream.query('ec2', 'DeleteFlowLogs', { FlowLogId: [physicalId] }));
    },
  };
}
