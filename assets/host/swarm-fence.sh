#!/bin/bash
# Before every start of Docker at a boot: a manager whose Swarm was given up does not come back with it.
folder=$(dirname "${BASH_SOURCE[0]}")
for part in common wait recovery; do
  # shellcheck source=/dev/null
  source "${folder}/lib/${part}.sh"
done

# In a boot its wait is one of those that end together.
# shellcheck disable=SC2034 # read by wait.sh
[[ ! -s ${BOOT_END} ]] || WAITS_END=$(<"${BOOT_END}")
forget_given_up_swarm
