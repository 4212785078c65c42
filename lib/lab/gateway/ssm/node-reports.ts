/** Who has reported: a node is Online while its agent does so, and managed from its first report on. */
import type { ManagedNode, ManagedNodes } from './targets';
import type { InstanceRecord, NodesStore } from '../ec2/records';
import type { Timing } from '../timing';

/** Agents report every 5 s; a busy machine may delay some. */
const ONLINE_MILLISECONDS = 30_000;

export class NodeReports implements ManagedNodes {
  private readonly lastReport = new Map<string, number>();
  /** Until when SendCommand does not know a node that has just registered, although it is Online. */
  private readonly unknownUntil = new Map<string, number>();

  constructor(
    private readonly store: NodesStore,
    private readonly timing: Pick<Timing, 'draw'>,
    private readonly onAgentStarted: (instanceId: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  receive(instance: InstanceRecord): void {
    // The last reports of a node that shuts down say nothing about the next boot.
    if (instance.state !== 'pending' && instance.state !== 'running') return;
    const isFirst = !this.lastReport.has(instance.id);
    this.lastReport.set(instance.id, this.now());
    if (!instance.registrationTime) {
      this.store.update(() => void (instance.registrationTime = new Date(this.now()).toISOString()));
      this.unknownUntil.set(instance.id, this.now() + this.timing.draw('commandsAfterRegistration'));
    }
    if (isFirst) this.onAgentStarted(instance.id);
  }

  forget(instanceId: string): void {
    this.lastReport.delete(instanceId);
  }

  isOnline(instanceId: string): boolean {
    return this.now() - (this.lastReport.get(instanceId) ?? -Infinity) < ONLINE_MILLISECONDS;
  }

  list(): ManagedNode[] {
    return Object.values(this.store.data.instances)
      .filter((instance) => instance.registrationTime && ['pending', 'running'].includes(instance.state))
      .map((instance) => ({
        id: instance.id,
        name: instance.tags.Name ?? '',
        hostname: instance.hostname,
        privateIp: instance.privateIp,
        container: instance.container,
        tags: instance.tags,
        online: this.isOnline(instance.id),
        acceptsCommands: this.now() >= (this.unknownUntil.get(instance.id) ?? 0),
        lastPing: new Date(this.lastReport.get(instance.id) ?? Date.parse(instance.registrationTime!)),
        registrationTime: new Date(instance.registrationTime!),
      }));
  }
}
