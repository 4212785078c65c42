/** One Docker network per VPC, with the VPC's address range; the gateway joins it at the address of AWS's resolver. */
import { LAB_LABEL } from '../../../contract';
import { addressAt } from '../../../cidr';
import { run, tryRun } from '../../process';
import { requiredXmlValue } from '../front-door/xml';
import type { Upstream } from '../ministack/upstream';
import { networkName } from './container';

/** Addresses in a VPC's network. */
export interface VpcAddresses {
  /** Where the gateway answers. */
  readonly gateway: string;
}

export class VpcNetworks {
  private readonly ready = new Map<string, Promise<VpcAddresses>>();

  constructor(
    private readonly upstream: Upstream,
    /** The gateway's container; undefined when the gateway runs on the host itself. */
    private readonly gatewayContainer: string | undefined,
  ) {}

  /** Makes the network if need be. */
  ensure(vpcId: string): Promise<VpcAddresses> {
    const pending = this.ready.get(vpcId) ?? this.create(vpcId);
    this.ready.set(vpcId, pending);
    pending.catch(() => this.ready.delete(vpcId));
    return pending;
  }

  private async create(vpcId: string): Promise<VpcAddresses> {
    const name = networkName(vpcId);
    const cidr = (await existingRange(name)) ?? (await this.createNetwork(vpcId, name));
    // On the machine itself, the machine's own end.
    if (!this.gatewayContainer) return { gateway: addressAt(cidr, 1) };
    const gateway = addressAt(cidr, 2);
    await this.join(name, gateway, this.gatewayContainer);
    return { gateway };
  }

  private async createNetwork(vpcId: string, name: string): Promise<string> {
    const cidr = requiredXmlValue(await this.upstream.query('ec2', 'DescribeVpcs', { VpcId: [vpcId] }), 'cidrBlock');
    const addresses = ['--subnet', cidr, '--gateway', addressAt(cidr, 1)];
    await run('docker', ['network', 'create', '--label', `${LAB_LABEL}=1`, ...addresses, name]);
    return cidr;
  }

  private async join(network: string, address: string, container: string): Promise<void> {
    const joined = JSON.parse(
      await run('docker', ['container', 'inspect', '--format', '{{json .NetworkSettings.Networks}}', container]),
    ) as Record<string, unknown>;
    if (joined[network]) return;
    await run('docker', ['network', 'connect', '--ip', address, network, container]);
  }

  /** Removes the network of a VPC in which nothing is left. */
  async remove(vpcId: string): Promise<void> {
    const name = networkName(vpcId);
    this.ready.delete(vpcId);
    if (this.gatewayContainer) {
      // Not connected, or no such network: either way the removal below decides.
      await tryRun('docker', ['network', 'disconnect', '--force', name, this.gatewayContainer]);
    }
    const { exitCode, stderr } = await tryRun('docker', ['network', 'rm', name]);
    if (exitCode !== 0 && !/not found|No such network/i.test(stderr)) {
      throw new Error(`cannot remove Docker network ${name}: ${stderr.trim()}`);
    }
  }
}

/** Of a network that is there already: live nodes must be found again even where ministack has forgotten their VPC. */
async function existingRange(network: string): Promise<string | undefined> {
  const format = ['--format', '{{(index .IPAM.Config 0).Subnet}}'];
  const { exitCode, stdout } = await tryRun('docker', ['network', 'inspect', ...format, network]);
  return exitCode === 0 ? stdout.trim() : undefined;
}
