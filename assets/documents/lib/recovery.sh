#!/bin/bash
# What managers remember of a majority that was given up (swarm-recover). In Parameter Store, by number, `<slot> <volume>`
# of the manager that went on, or `withdrawn`; on each manager's volume, the last number that its Swarm knows of:
# `3 claimed`, `3 recovered`; and beside it a mark as long as a manager may be going on alone.
RECOVERY_FILE="${METALS_RECOVERY_FILE:-/var/lib/docker/metals-recovery}"
RECOVERY_BEGUN="${RECOVERY_FILE}.begun"

has_majority() { timeout 30 docker node ls -q >/dev/null 2>&1 || { echo "the managers have no leader" && return 1; }; }

own_recovery() { if [[ -s ${RECOVERY_FILE} ]]; then cat "${RECOVERY_FILE}"; else echo '0 recovered'; fi; }

remember_recovery() { # NUMBER PROGRESS
  echo "$1 $2" >"${RECOVERY_FILE}.new"
  sync "${RECOVERY_FILE}.new"
  mv "${RECOVERY_FILE}.new" "${RECOVERY_FILE}"
}

end_recovery() { # NUMBER
  remember_recovery "$1" recovered
  rm -f "${RECOVERY_BEGUN}"
}

# A claim that was not followed by a recovery, and the others are back: none of them must forget its Swarm for it. The
# number stays, because one that has booted meanwhile may have.
withdraw_recovery() {
  local own number progress
  own=$(own_recovery)
  read -r number progress <<<"${own}"
  # Cut off once it had gone on alone: that has happened, and others may have joined since.
  if [[ -e ${RECOVERY_BEGUN} ]]; then
    end_recovery "${number}"
    return
  fi
  [[ ${progress} == claimed ]] || return 0
  aws ssm put-parameter --name "$(swarm_parameter recovery)/${number}" --type String --value withdrawn --overwrite >/dev/null
  remember_recovery "${number}" recovered
  log "recovery ${number} is withdrawn: a majority of the managers is back"
}
