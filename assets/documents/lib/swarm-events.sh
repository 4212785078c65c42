#!/bin/bash
# What has changed in the Swarm, as far as it is remembered. Pure.

# Nodes, services, tasks and what Docker told of nodes, services, secrets, configs and networks, as four JSON values on stdin.
# Of a task two moments are known: when it was made, and when it came into its state.
swarm_events() { # SINCE, in seconds of the epoch
  jq -nc --argjson since "$1" '
    input as $nodes | input as $services | input as $tasks | input as $told |
    def short: if . == null or length <= 300 then . else .[:300] + "…" end;
    def iso: (. / 1000000000) as $seconds | ($seconds | floor | todate | rtrimstr("Z")) + "." + ("00\((. / 1000000 | floor) % 1000)" | .[-3:]) + "Z";
    ($nodes | map({key: .ID, value: (.Spec.Labels["metals.slot"] // .Description.Hostname)}) | from_entries) as $slot |
    ($nodes | map({key: .Description.Hostname, value: $slot[.ID]}) | from_entries) as $slot_of_host |
    ($services | map({key: .ID, value: (.Spec.Name | ltrimstr("metals_"))}) | from_entries) as $name |
    # Which attributes have another value than before.
    def changes: . as $all | [keys[] | select(endswith(".new")) | rtrimstr(".new") | . as $key
      | "\($key) \($all[$key + ".old"] // "none") -> \($all[$key + ".new"])"] | join(", ");
    [
      ($tasks[] | select($name[.ServiceID] != null) | . as $task | ($slot[.NodeID // ""] // null) as $node
        | "\($name[.ServiceID])\(if .Slot then ".\(.Slot)" else "" end)" as $task_name
        | {at: .CreatedAt, kind: "task", name: $task_name, node: $node, state: "made", detail: null, id: .ID[:12]},
          (select(.Status.State != "new") | {at: .Status.Timestamp, kind: "task", name: $task_name, node: $node, state: .Status.State, id: .ID[:12],
            detail: (.Status.Err // (if (.Status.ContainerStatus.ExitCode // 0) > 0 then "exit code \(.Status.ContainerStatus.ExitCode)" else null end) | short)})),
      ($told[] | select(.Actor.ID != null) | (.Actor.Attributes // {}) as $attributes | ($attributes.name // .Actor.ID[:12]) as $called
        | ($attributes | del(.name) | changes) as $changes
        # Of labels nothing is told but that they have changed.
        | select(.Action != "update" or $changes != "")
        | {at: (.timeNano | iso), kind: .Type, name: ($slot_of_host[$called] // ($called | ltrimstr("metals_"))), node: null, state: .Action,
            detail: (if $changes == "" then null else $changes | short end), id: .Actor.ID[:12]})
    ]
    | map(select(.at != null) | .at |= (.[:23] | rtrimstr("Z") | if test("\\.") then . + "000" | .[:23] else . + ".000" end) + "Z")
    | map(select((.at[:19] + "Z" | fromdate) >= $since)) | sort_by(.at) | unique_by([.at, .kind, .name, .state, .id])'
}
