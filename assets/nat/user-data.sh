#!/bin/bash
# First boot of a NAT instance. CDK's own script tries once and fails in silence (aws-cdk#36717).
# In front of it: METALS_STACK, METALS_RESOURCE and AWS_REGION.
set -uo pipefail

# Its role permits it nothing, and it takes memory that dnf needs.
systemctl disable --now amazon-ssm-agent
# There may be no route yet, and dnf may be cleaned at the same time.
until dnf install -y -q iptables-services aws-cfn-bootstrap; do sleep 5; done

set -e
echo net.ipv4.ip_forward=1 >/etc/sysctl.d/90-nat.conf
sysctl -p /etc/sysctl.d/90-nat.conf
interface=$(ip -o -4 route show default | awk '{ print $5; exit }')
iptables -t nat -A POSTROUTING -o "${interface}" -j MASQUERADE
iptables -F FORWARD
iptables-save >/etc/sysconfig/iptables
systemctl enable --now iptables

# Until then no route leads here.
/opt/aws/bin/cfn-signal --success true --stack "${METALS_STACK}" --resource "${METALS_RESOURCE}" --region "${AWS_REGION}"
