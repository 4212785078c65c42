#!/bin/bash
# The boot has failed as often as its unit allows. A deployment that waits for this node is told so, and the Auto Scaling
# group replaces the instance: EC2 itself calls it healthy for as long as it runs.
folder=$(dirname "${BASH_SOURCE[0]}")
for part in common wait deployment; do
  # shellcheck source=/dev/null
  source "${folder}/lib/${part}.sh"
done

# Who starts the boot again by hand has its whole time.
rm -f "${BOOT_END}"
# Even where CloudFormation does not answer, the instance must be replaced.
(signal FAILURE) || log 'CloudFormation was not told; its time-out ends the deployment'
id=$(instance_id)
wait_until 600 "marking ${id} unhealthy" try aws autoscaling set-instance-health --instance-id "${id}" \
  --health-status Unhealthy --no-should-respect-grace-period
log "${id} is marked unhealthy; its group replaces it"
