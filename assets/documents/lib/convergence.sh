#!/bin/bash
# Waits until what was deployed is what runs, and says why it is not.

# What await_convergence saw last: the whole stack, and the verdict about what it waited for.
STATE='' ANSWER=''

# The state on stdin with one service alone, or as it is.
only_service() { # SERVICE, or nothing
  jq -c --arg name "$1" 'if $name == "" then . else .services |= map(select(.name == $name)) end'
}

# Until the stack, or one service of it, has converged, has failed, or time is over; STATE and ANSWER tell which.
await_convergence() { # SECONDS [SERVICE]
  local state last='' deadline=$((SECONDS + $1))
  while true; do
    renew_lease
    if state=$(stack_state 2>/dev/null); then
      STATE=${state}
      ANSWER=$(only_service "${2:-}" <<<"${STATE}" | verdict)
    else
      ANSWER='waiting: this manager cannot speak for the Swarm'
    fi
    if [[ ${ANSWER} != waiting:* ]] || ((SECONDS >= deadline)); then return 0; fi
    # On stdout: of stderr only the beginning is kept, and the explanation must be in it.
    [[ ${ANSWER} == "${last}" ]] || log "${ANSWER} ($((deadline - SECONDS)) s left)" 2>&1
    last=${ANSWER}
    sleep 1
  done
}

# How await_convergence has ended, where it was not well.
not_converged() {
  case ${ANSWER} in
    waiting:*) echo "within ${SSM_TimeoutSeconds} s: $(first_bytes 160 <<<"${ANSWER#waiting: }")" ;;
    failed) echo '(the update failed and was rolled back)' ;;
    *) echo "($(first_bytes 160 <<<"${ANSWER}"))" ;;
  esac
}

converge() {
  await_convergence "${SSM_TimeoutSeconds}"
  [[ ${ANSWER} != converged ]] || return 0
  [[ -z ${STATE} ]] || explain "${STATE}"
  case ${ANSWER} in
    failed) fail "the stack did not converge: an update failed and was rolled back" ;;
    stuck:*) fail "the stack did not converge: an update is paused and goes no further: ${ANSWER#stuck: }" "remove the cause above and deploy again" ;;
    over:*) fail "the stack did not converge: ${ANSWER#over: } has failed and is not begun again" "remove the cause above and deploy again" ;;
    *) fail "the stack did not converge $(not_converged)" ;;
  esac
}

# Each change of a service replaces what its update goes back to: one that is under way would go back to itself.
refuse_during_update() { # SERVICES NAME WHAT
  local state
  state=$(jq -r --arg name "${STACK}_$2" '.[] | select(.Spec.Name == $name) | .UpdateStatus.State // ""
    | select(IN("updating", "paused", "rollback_started", "rollback_paused"))' <<<"$1")
  [[ -z ${state} ]] ||
    fail "$3 is being updated (${state})" "let that end: metals status --stage ${SSM_Stage}; one that is paused ends with the next deployment"
}
