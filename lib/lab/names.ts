/** Names of the lab's own Docker objects; those of instances and VPCs are made by the gateway. */
import { LAB_PREFIX } from '../contract';

export const GATEWAY_CONTAINER = `${LAB_PREFIX}-aws`;
export const STATE_VOLUME = `${LAB_PREFIX}-state`;
/** Hash of what the gateway's container was started with. */
export const CONFIGURATION_LABEL = 'com.metals.configuration';
