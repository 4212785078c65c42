/** Auto Scaling groups of one: brings each to what it asks for, one group at a time, and replaces what is lost. */
import { errorText, type Log } from '../log';
import type { Instances } from '../ec2/instances';
import type { InstanceRecord, NodesStore } from '../ec2/records';
import { Serial } from '../serial';
import type { GroupRecord } from './group-record';

export type GroupAction = 'launch' | 'terminate' | 'nothing';

/** Pure: the next thing to do for a group. Termination comes before the launch: the address can be held only once. */
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

export class Groups {
  private readonly serial = new Serial();

  constructor(
    private readonly store: NodesStore,
    private readonly instances: Instances,
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
    for (;;) {
      const group = this.store.data.groups[name];
      if (!group) return;
      const instance = group.instanceId ? this.store.data.instances[group.instanceId] : undefined;
      const action = nextAction(group, instance);
      if (action === 'nothing') {
        if (group.replaceOutdated) this.store.update(() => void (group.replaceOutdated = false));
        return;
      }
      if (action === 'terminate') {
        await this.instances.terminate(instance!.id);
        this.store.update(() => void (group.replaceInstance = false));
        continue;
      }
      try {
        await this.instances.launch(group);
        this.store.update(() => void delete group.lastFailure);
      } catch (error) {
        this.store.update(() => void (group.lastFailure = errorText(error)));
        throw error;
      }
    }
  }

  /** One look at every group: replaces instances whose container died, and tries failed launches again. */
  async sweep(): Promise<void> {
    const { groups, instances } = this.store.data;
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
