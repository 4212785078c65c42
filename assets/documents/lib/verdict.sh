#!/bin/bash
# Judgements about the state that stack_state prints, on stdin. Pure: nothing here asks or changes anything.

# converged, failed, stuck, over, or what it still waits for. Failed: an update was rolled back, and the version before it serves.
# Over: a job has failed as often as it may.
# Stuck: an update or its rollback is paused, so two versions, or none, may be serving.
verdict() {
  jq -r '
    def update: .update_state // "";
    [.services[] | select(update == "rollback_started")] as $rolling |
    [.services[] | select(update | IN("paused", "rollback_paused"))] as $paused |
    [.services[] | select(update == "rollback_completed")] as $failed |
    [.services[] | select(.running != .desired and .given_up == true)] as $over |
    [.services[] | select(.running != .desired or update == "updating")] as $waiting |
    if ($rolling | length) > 0 then "waiting: \($rolling[0].name) rolls back"
    elif ($paused | length) > 0 then "stuck: " + ([$paused[] | "\(.name) (\(update))"] | join(", "))
    elif ($failed | length) > 0 then "failed"
    elif ($over | length) > 0 then "over: " + ([$over[].name] | join(", "))
    elif ($waiting | length) > 0 then "waiting: " + ([$waiting[] | "\(.name) \(.running)/\(.desired)"] | join(", "))
    else "converged" end'
}

# Names of the services that are not as they should be, the likely cause first: what others depend on comes before them.
unhappy_services() {
  jq -r '
    def rank: if startswith("setup-") then 3
      else {zookeeper: 0, kafka: 1, "kafka-2": 1, "kafka-3": 1, mongodb: 2, producer: 4, processor: 4, edge: 5}[.] // 6 end;
    [.services[] | select(.running != .desired or ((.update_state // "") | test("paused|rollback|updating")))]
    | sort_by((.name | rank), .name) | .[].name'
}

# The task whose log may say why a service is unhappy: one that has been started. Nothing where there is none.
task_with_log() { # SERVICE
  jq -r --arg n "$1" '.services[] | select(.name == $n)
    | [.problems[] | select(.task_state | IN("new", "pending", "assigned") | not)][0].task_id // empty'
}

# A service with its problems, a line each.
describe_service() { # SERVICE
  jq -r --arg n "$1" '.services[] | select(.name == $n) |
    "service \(.name): \(.running) of \(.desired) replicas, update \(.update_state // "none")\(if .update_message then " (\(.update_message))" else "" end)",
    (.problems[] | "  task \(.task_id[:12]) on \(.node): \(.task_state): \(.error)")'
}

# What is wrong with networks and nodes, a line each; it comes before any service, because services depend on it.
describe_ground() {
  jq -r '(.networks[] | select(.allocated | not) | "network \(.name) is not allocated: its subnet overlaps another, and its tasks stay in state New"),
    (.nodes[] | select(.state != "ready") | "node \(.slot // .hostname) is \(.state)")'
}

# The lines of a log that say something: no stack frames, no blank lines.
telling_lines() { grep -vE '^[[:space:]]*(at |\.\.\. [0-9]+ more|$)' || true; }

# Of lines of JSON those that complain, where there are any: a service that is stopped has calmer last words than its cause.
# Each of these begins with its reason, which is what a limit must leave.
complaints() {
  jq -rRn '[inputs | . as $line | (try fromjson catch null) | if type == "object" then {line: $line, entry: .} else {line: $line, entry: {}} end]
    | (map(select(.entry.level | IN("warn", "error", "fatal"))) as $complaints | if $complaints == [] then . else $complaints end)[]
    | .line as $line | .entry
    | if .reason then "\(.reason) (\([.level, .msg, .time // empty] | map(select(.)) | join(", ")))" else $line end'
}

# The beginning of a text, whole lines, in at most so many bytes; a first line that is longer is cut.
first_bytes() { # BYTES
  LC_ALL=C awk -v limit="$1" '
    used + length($0) + 1 > limit { if (NR == 1) print substr($0, 1, limit - 4) "..."; exit }
    { used += length($0) + 1; print }'
}

# Names of secrets or configs that no service names: neither now nor in the specification that it would roll back to.
unreferenced() { # services, then the secrets or configs, as two JSON values on stdin
  jq -nr '
    [input[] | (.Spec, .PreviousSpec // empty) | .TaskTemplate.ContainerSpec
      | (.Secrets // [] | .[].SecretName), (.Configs // [] | .[].ConfigName)] as $used
    | input[].Spec.Name | select(IN($used[]) | not)'
}

# How many tasks still run on nodes that answer. A node that is Down reports no end of its tasks: waiting for it is in vain.
living_tasks() { # nodes, then tasks, as two JSON values on stdin
  jq -n '[input[] | select(.Status.State == "down") | .ID] as $down
    | [input[] | select(.Status.State | IN("running", "starting", "preparing", "ready", "assigned"))
      | select(.NodeID // "" | IN($down[]) | not)] | length'
}
