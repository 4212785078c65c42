/** The part of the lab that runs instances, and documents on them. */
import type { CreateNodes } from './module';
import { createAutoScaling } from './autoscaling/autoscaling-api';
import { createEc2 } from './ec2/ec2-api';
import { createSsm } from './ssm/ssm-api';
import { Associations } from './ssm/associations';
import { Commands } from './ssm/commands';
import { Documents } from './ssm/documents';
import { associationResource, documentResource } from './ssm/ssm-resources';
import { Store } from './store';
import { InstanceCredentials } from './iam/instance-credentials';
import { groupResource } from './autoscaling/group-resource';
import { Groups } from './autoscaling/groups';
import { Instances } from './ec2/instances';
import { interfaceResource } from './ec2/interface-resource';
import { launchTemplateResource } from './ec2/launch-template-resource';
import { MetadataServer } from './metadata/metadata-server';
import { nodesStatus } from './nodes-status';
import { openNodesStore } from './ec2/records';
import { NodeReports } from './ssm/node-reports';
import { commandEffects } from './ssm/step-runner';
import { volumeResource } from './ec2/volume-resource';
import { VpcNetworks } from './ec2/vpc-network';
import { ContainerWatch } from './ec2/container-watch';

const SCHEDULE_LOOK_SECONDS = 60;

export const createNodes: CreateNodes = ({ settings, upstream, log }) => {
  const directory = settings.stateDirectory;
  const store = openNodesStore(directory);
  const networks = new VpcNetworks(upstream, settings.containerName);
  const credentials = new InstanceCredentials(upstream);
  const reports = new NodeReports(store, (instanceId) => associations.onNodeRegistered(instanceId));
  const instances = new Instances({
    ...{ settings, upstream, store, networks, credentials, log },
    isOnline: (id) => reports.isOnline(id),
    forgetReports: (id) => reports.forget(id),
  });
  const groups = new Groups(store, instances, log);
  const documents = new Documents(Store.open(directory, 'documents', { documents: {} }), (name) =>
    associations.onDefaultVersionChanged(name),
  );
  const commandStore = Store.open(directory, 'commands', { commands: {} });
  const commands = new Commands(commandStore, documents, reports, commandEffects(upstream), log);
  const associationStore = Store.open(directory, 'associations', { associations: {} });
  const associations = new Associations(associationStore, documents, commands, reports, log);
  const watch = new ContainerWatch(() => groups.sweep(), log);
  const metadata = new MetadataServer({ store, credentials, log, onReport: (instance) => reports.receive(instance) });
  let schedule: NodeJS.Timeout | undefined;

  return {
    resources: [
      interfaceResource(upstream, store, networks),
      volumeResource(upstream, store),
      launchTemplateResource(store),
      groupResource(store, groups),
      documentResource(documents),
      associationResource(associations),
    ],
    interceptors: {
      ec2: createEc2({ upstream, store, instances, groups, log }),
      autoscaling: createAutoScaling(store, groups),
      ssm: createSsm({ documents, commands, associations, nodes: reports }),
    },
    metadata: metadata.listener,
    credentials,
    status: () => nodesStatus(store.data, commandStore.data, reports),
    async start() {
      await instances.adopt();
      await commands.abandonUnfinished();
      watch.start();
      schedule = setInterval(() => associations.applyDue(Date.now()), SCHEDULE_LOOK_SECONDS * 1000);
    },
    async stop() {
      clearInterval(schedule);
      watch.stop();
    },
  };
};
