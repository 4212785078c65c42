/** Auto Scaling groups of one: brings each to what it asks for, one group at a time, and replaces what is lost. */
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import type { Instances } from '../ec2/instances';
import type { InstanceRecord, NodesStore } from '../ec2/records';
import type { Timing } from '../timing';
import { Serial } from '../serial';
import type { GroupRecord, ScalingActivity } from './group-record';

export type GroupAction = 'launch' | 'terminate' | 'nothing';

/** Pure: the next thing to do for a group. */
export function nextAction(group: GroupRecord, instance: InstanceRecord | undefined): GroupAction {
  if (!instance || instance.state === 'terminated') return group.desiredCapacity > 0 ? 'launch' : 'nothing';
  if (group.desiredCapacity === 0 || group.replaceInstance) return 'terminate';
  // EC2's health check takes every state but running for unhealthy, a stop included.
  if (['stopping', 'shutting-down'].includes(instance.state)) return 'terminate';
  return group.replaceOutdated && isOutdated(group, instance) ? 'terminate' : 'nothing';
}

const isOutdated = (group: GroupRecord, instance: InstanceRecord): boolean =>
  instance.launchTemplateId !== group.launchTemplateId ||
  instance.launchTemplateVersion !== group.launchTemplateVersion;

/** Scaling activities that are remembered of a group; AWS keeps six weeks of them. */
const ACTIVITIES_KEPT = 20;
/** How long a launch that finds its interface in use is tried again before its caller hears of it. */
const LAUNCH_SECONDS = 600;

export class Groups {
  private readonly serial = new Serial();

  constructor(
    private readonly store: NodesStore,
    private readonly instances: Instances,
    private readonly timing: Timing,
    private readonly log: Log,
  ) {}

  /** Resolves once the group is as it should be; rejects with the reason why a launch failed. */
  settle(name: string): Promise<void> {
    return this.serial.run(name, () => this.reconcile(name));
  }

  /** As settle, for changes whose caller does not wait; a failure is logged and tried again by the watch. */
  settleLater(name: string): void {
    this.settle(name).catch((error: unknown) => this.log(name, errorText(error)));
  }

  private async reconcile(name: string): Promise<void> {
    const deadline = Date.now() + LAUNCH_SECONDS * 1000;
    for (;;) {
      const group = this.store.data.groups[name];
      if (!group) return;
      const instance = group.instanceId ? this.store.data.instances[group.instanceId] : undefined;
      const action = nextAction(group, instance);
      if (action === 'nothing') {
        if (group.replaceOutdated) this.store.update(() => void (group.replaceOutdated = false));
        // An empty group is deleted once its instance holds nothing any more.
        if (group.desiredCapacity === 0) await this.instances.ended(name);
        return;
      }
      if (action === 'terminate') this.end(group, instance!.id);
      else await this.launch(group, deadline);
    }
  }

  /** Health replacement and rolling updates end one instance and launch the next at the same time, as on AWS. */
  private end(group: GroupRecord, instanceId: string): void {
    this.instances.terminate(instanceId).catch((error: unknown) => this.log(instanceId, errorText(error)));
    this.store.update(() => {
      group.replaceInstance = false;
      remember(group, { description: `Terminating EC2 instance: ${instanceId}`, statusCode: 'Successful' });
    });
  }

  private async launch(group: GroupRecord, deadline: number): Promise<void> {
    try {
      const { id } = await this.instances.launch(group);
      this.store.update(() => {
        delete group.lastFailure;
        remember(group, { description: `Launching a new EC2 instance: ${id}`, statusCode: 'Successful' });
      });
    } catch (error) {
      const reason = errorText(error);
      this.store.update(() => {
        group.lastFailure = reason;
        const statusMessage = `${reason} Launching EC2 instance failed.`;
        remember(group, { description: 'Launching a new EC2 instance', statusCode: 'Failed', statusMessage });
      });
      if (!isInterfaceInUse(error) || Date.now() > deadline) throw error;
      this.log(group.name, `${reason} Launching EC2 instance failed; it is tried again`);
      await this.timing.wait('relaunch');
    }
  }

  /** One look at every group: replaces instances whose container died, and tries failed launches again. */
  async sweep(): Promise<void> {
    const { groups, instances } = this.store.data;
    this.instances.completeEnds();
    await Promise.all(
      Object.values(groups).map(async (group) => {
        if (this.serial.isBusy(group.name)) return;
        const instance = group.instanceId ? instances[group.instanceId] : undefined;
        if (instance && (await this.instances.isLost(instance)) && !this.serial.isBusy(group.name)) {
          this.log(instance.id, `its container ${instance.container} is gone: replacing it`);
          this.store.update(() => void (group.replaceInstance = true));
        }
        if (nextAction(group, instance) !== 'nothing') this.settleLater(group.name);
      }),
    );
  }
}

const isInterfaceInUse = (error: unknown): boolean =>
  error instanceof AwsError && error.code === 'InvalidNetworkInterface.InUse';

/** Keeps what happened, as DescribeScalingActivities shows it. */
function remember(
  group: GroupRecord,
  happened: Pick<ScalingActivity, 'description' | 'statusCode' | 'statusMessage'>,
): void {
  const time = new Date().toISOString();
  const cause = `At ${time} the desired capacity of the group is ${group.desiredCapacity}.`;
  const activity = { id: crypto.randomUUID(), time, cause, ...happened };
  group.activities = [activity, ...(group.activities ?? [])].slice(0, ACTIVITIES_KEPT);
}
